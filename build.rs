//! Gives the programs for Windows their icon, version and manifest. Does nothing for other systems.

use std::io::Write;

/// Files the resources are made of.
const ICON: &str = "assets/icon/icon.ico";
const MANIFEST: &str = "assets/windows/program.manifest";

fn main() -> std::io::Result<()> {
    for file in ["build.rs", ICON, MANIFEST] {
        writeln!(std::io::stdout(), "cargo::rerun-if-changed={file}")?;
    }
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return Ok(());
    }
    let root = std::env::var("CARGO_MANIFEST_DIR").map_err(std::io::Error::other)?;
    let mut resource = winresource::WindowsResource::new();
    resource
        .set_language(0x0804) // Chinese (China)
        .set_icon(&format!("{root}/{ICON}"))
        .set_manifest_file(&format!("{root}/{MANIFEST}"))
        .set("ProductName", "证书助手")
        .set("FileDescription", "证书助手")
        .set("InternalName", "cert-assistant")
        .set("OriginalFilename", "cert-assistant.exe")
        .set("LegalCopyright", "Apache-2.0");
    resource.compile()
}
