//! The search for what must not lie about.

use order_api::Base64;

/// A text or bytes in every form that is likely to be written.
pub fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{secret:?}");
    vec![
        secret.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        Base64::text(secret).into_bytes(),
        list.trim_matches(['[', ']']).as_bytes().to_vec(),
    ]
}

pub fn holds(text: &[u8], secret: &[u8]) -> bool {
    forms(secret).iter().any(|form| text.windows(form.len()).any(|window| window == form))
}

/// All files of the journal, and what stands in them as base64.
pub fn files(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).into_iter().flatten();
    let mut all: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let text = String::from_utf8_lossy(&all).into_owned();
    all.extend(text.split('"').filter_map(Base64::parse).flat_map(|bytes| bytes.0));
    all
}
