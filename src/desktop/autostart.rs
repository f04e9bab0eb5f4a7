//! Start with the desktop.
