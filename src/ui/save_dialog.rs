//! The system's own save dialog, on a thread of its own: it may stay open for minutes.

use super::empty::hex;
use crate::app::{Backend, Content, KeyModel, KeyState, KeyUse};
use certificate::{self, Certificate, Format};
use rust_i18n::t;

/// What is to be saved, and under which name it is offered.
pub struct Offer {
    title: String,
    file_name: String,
    extension: &'static str,
    content: Content,
}

/// A certificate in a format.
#[must_use]
pub fn certificate(certificate: &Certificate, key_use: KeyUse, format: Format) -> Offer {
    let role = match key_use {
        KeyUse::Sign => t!("details.sign"),
        KeyUse::Encrypt => t!("details.encrypt"),
    };
    Offer {
        title: t!("action.export_certificate").into_owned(),
        file_name: certificate::suggested_name(certificate, &role, format),
        extension: format.extension(),
        content: Content::Certificate(certificate.der().to_vec(), format),
    }
}

/// What support needs to know about a key that can't be used. No names, no numbers of the person.
#[must_use]
pub fn diagnosis(key: &KeyModel) -> Offer {
    let state = match &key.state {
        KeyState::Failed(fault) => fault.reference(),
        KeyState::Reading => "reading".to_owned(),
        KeyState::Ready(_) => "ready".to_owned(),
    };
    let text = format!(
        "cert-assistant {}\nsystem {} {}\nreader {}\nATR {}\nstate {state}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        key.slot.reader,
        hex(&key.slot.atr),
    );
    Offer {
        title: t!("action.save_diagnosis").into_owned(),
        file_name: "cert-assistant-diagnosis.txt".to_owned(),
        extension: "txt",
        content: Content::Text(text),
    }
}

/// Text under a name.
#[must_use]
pub fn text(title: &str, file_name: &str, extension: &'static str, text: String) -> Offer {
    let content = Content::Text(text);
    Offer { title: title.to_owned(), file_name: file_name.to_owned(), extension, content }
}

/// Asks where to; nothing happens when the person cancels.
pub fn ask(engine: &dyn Backend, offer: Offer) {
    engine.save_to(Box::new(move || {
        let Offer { title, file_name, extension, content } = offer;
        let dialog =
            rfd::FileDialog::new().set_title(title).set_file_name(file_name).add_filter(extension, &[extension]);
        Some((content, dialog.save_file()?))
    }));
}
