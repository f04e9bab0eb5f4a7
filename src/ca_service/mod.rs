//! Reference CA service: order API v1, books, issuing, key management, operator console.
