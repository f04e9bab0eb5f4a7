//! 证书助手 – certificates and PINs of Chinese USB keys. One line for every room:
//!
//! * [`secret`] – PINs and other bytes that are wiped and can't be printed
//! * [`apdu`] – command, response, status word; used by the host side and by the virtual key
//! * [`crypto`] – SM2, SM3, SM4 on the PC
//! * [`cert`] – certificates: fields shown to people, check, export
//! * [`token`] – the key: bytes and meaning, PC/SC, hot-plug
//! * [`app`] – model, commands, events, workers; knows no window toolkit
//! * [`ui`] – the window
//! * [`practice`] – virtual keys in this process, for practice mode
//! * [`virtual_key`] – a key in software; only for practice, the program `virtual-key` and tests
pub mod apdu;
pub mod app;
pub mod cert;
pub mod crypto;
pub mod practice;
pub mod secret;
pub mod token;
pub mod ui;
pub mod virtual_key;
