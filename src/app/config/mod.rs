//! What is set: by the person, and over it by the administrator.

pub mod json_file;
pub mod presets;
pub mod settings;
