//! The programs of other packages. Cargo tells a test only where those of its own package are.

use std::path::PathBuf;
use std::process::Command;

/// The program of the package `package`, which has its name. Where all tests are built it is built with them; whoever runs
/// the tests of one crate gets it built once, and builds it again after changing it.
///
/// # Panics
/// When it can't be built.
#[must_use]
pub fn program(package: &str) -> PathBuf {
    // target/PROFILE/deps/TEST
    let test = std::env::current_exe().expect("a test knows where it is");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("a test lies in deps of its profile");
    let path = profile.join(package).with_extension(std::env::consts::EXE_EXTENSION);
    if !path.exists() {
        let target = profile.parent().expect("a profile lies in the target folder");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--offline", "--package", package, "--target-dir"]).arg(target);
        assert!(build.status().expect("cargo runs").success(), "{package} can't be built");
    }
    path
}
