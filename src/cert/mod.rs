//! Certificates: the fields people see, the check of one, and export. Everything read here is untrusted input.
