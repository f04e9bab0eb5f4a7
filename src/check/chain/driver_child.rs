//! The child that loads a library of a maker and asks it for devices. Such libraries were seen to crash, to hang and to
//! answer nonsense (wire-format/vendor-libraries.md#behaviour), so nothing of this runs in the program itself.
//!
//! Invariants
//! * The only file with `unsafe`: loading foreign code and calling it can't be checked by the compiler.
//! * The child has nothing to lose: no PIN, no key, no variables of the person; it writes lines and ends.
//! * It ends by itself when its parent no longer waits for it.
#![allow(unsafe_code)]

use super::driver_file::DriverFile;
use libloading::Library;
use serde::{Deserialize, Serialize};
use std::ffi::c_char;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Name of the hidden command.
pub const CHILD: &str = "probe-driver";
/// Without these no key can be used (GM/T 0016 §7).
pub const NEEDED: [&str; 4] = ["SKF_EnumDev", "SKF_ConnectDev", "SKF_OpenApplication", "SKF_VerifyPIN"];
/// Longer than the parent waits.
const ALONE: Duration = Duration::from_secs(8);

/// One line of the child; a later step has its own line, so that a crash tells where it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It could not be loaded: what the system's loader says.
    NotLoaded(String),
    /// It was loaded.
    Loaded {
        /// Functions of the standard it lacks.
        missing: Vec<String>,
        /// How many names of the standard's form it exports.
        exported: usize,
    },
    /// `SKF_EnumDev` returned.
    Enumerated {
        /// SAR_ code; 0 = good.
        code: u32,
        /// Length of the list of devices, in bytes, as the library claims.
        length: u32,
    },
}

/// `ULONG SKF_EnumDev(BOOL bPresent, LPSTR szNameList, ULONG *pulSize)`. ULONG has 32 bits in the libraries that were
/// measured; where it has 64, the lower half lies first on the machines at hand.
type EnumDev = unsafe extern "system" fn(i32, *mut c_char, *mut u64) -> u32;

/// Loads the library and writes what it finds, a line of JSON a step.
pub fn run(path: &Path, out: &mut dyn Write) {
    end_alone();
    let names = DriverFile::read(path).map(|file| file.names).unwrap_or_default();
    // SAFETY: the library's own start code runs, which nobody can vouch for. That is why this process exists: it holds
    // nothing that could be harmed.
    let library = match unsafe { Library::new(path) } {
        Ok(library) => library,
        Err(error) => return tell(out, &Step::NotLoaded(error.to_string())),
    };
    let missing = NEEDED.into_iter().filter(|name| !exports(&library, name)).map(str::to_owned).collect();
    let exported = names.iter().filter(|name| exports(&library, name)).count();
    tell(out, &Step::Loaded { missing, exported });
    // SAFETY: the name has this type in GM/T 0016-2012 §7.1.3; the pointer is used while the library is loaded.
    if let Ok(enumerate) = unsafe { library.get::<EnumDev>(b"SKF_EnumDev\0") } {
        let mut length = [0_u64; 2];
        // SAFETY: a null list asks for its length only; the length is written to memory of ours that is twice as large
        // as any ULONG.
        let code = unsafe { enumerate(1, std::ptr::null_mut(), length.as_mut_ptr()) };
        let [length, _] = length;
        // a ULONG of 32 bits; the other half is the library's padding
        let length = u32::try_from(length & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        tell(out, &Step::Enumerated { code, length });
    }
    // unloading runs more code of the library and proves nothing
    std::mem::forget(library);
}

fn exports(library: &Library, name: &str) -> bool {
    let name = format!("{name}\0");
    // SAFETY: the symbol is looked up and dropped, never called or read through.
    unsafe { library.get::<*const ()>(name.as_bytes()) }.is_ok()
}

fn tell(out: &mut dyn Write, step: &Step) {
    let Ok(line) = serde_json::to_string(step) else { return };
    // who does not read any more has no use for it
    let _closed = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// No core file with foreign memory in it, and an end even when nobody waits.
fn end_alone() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::debug!(%error, "a crash may leave a core file");
        }
    }
    let started = std::thread::Builder::new().name("end".to_owned()).spawn(|| {
        std::thread::sleep(ALONE);
        std::process::abort();
    });
    if let Err(error) = started {
        tracing::debug!(%error, "no thread to end alone");
    }
}
