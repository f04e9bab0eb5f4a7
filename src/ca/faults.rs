//! From the errors of this room to the faults people see.
