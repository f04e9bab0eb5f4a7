//! The program `ca-service`: the reference CA service.

fn main() {}
