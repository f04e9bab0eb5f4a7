//! Driver libraries, compiled here: good ones and all the ways in which those of makers were seen to fail.

use crate::bench::{Tree, detail, look, no_readers, program};
use cert_assistant::check::ProbeId::Drivers;
use cert_assistant::check::{Line, Verdict};
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const NAMES: &str = "int SKF_ConnectDev(void) { return 0; }\nint SKF_OpenApplication(void) { return 0; }\n";
const VERIFY: &str = "int SKF_VerifyPIN(void) { return 0; }\n";
const NO_KEY: &str = "unsigned SKF_EnumDev(int present, char *names, unsigned *size) { *size = 0; return 0; }\n";

/// Compiles a library to a path.
fn compile(source: &str, path: &Path, arguments: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = path.with_extension("c");
    fs::write(&text, source).unwrap();
    let done = Command::new("gcc").args(["-shared", "-fPIC", "-o"]).arg(path).arg(&text).args(arguments).status();
    assert!(done.unwrap().success(), "{source}");
    fs::remove_file(text).unwrap();
}

const PLACE: &str = "/opt/apps/com.example.gm3000user/files/lib/libgm3000.1.0.so";

fn with(enumerate: &str) -> String {
    format!("{NAMES}{VERIFY}{enumerate}")
}

/// The line about one library at the place of a maker's.
fn line(source: &str) -> Line {
    let tree = Tree::new();
    compile(source, &tree.path(PLACE), &[]);
    found(&tree)
}

fn found(tree: &Tree) -> Line {
    let lines = look(tree.scene(no_readers));
    lines[&Drivers].clone()
}

#[track_caller]
fn says(line: &Line, verdict: Verdict, key: &str) {
    assert_eq!((line.verdict, line.sentence.key), (verdict, key), "{line:?}");
}

#[test]
fn a_good_library_loads_and_is_told_with_path_and_hash() {
    let tree = Tree::new();
    compile(&with(NO_KEY), &tree.path(PLACE), &[]);
    let line = found(&tree);
    says(&line, Verdict::Ok, "drivers.good");
    assert!(detail(&line, "drivers.loads").contains("(4 SKF functions)"));
    let judged = Command::new("sha256sum").arg(tree.path(PLACE)).output().unwrap();
    let hash = String::from_utf8(judged.stdout).unwrap();
    assert!(detail(&line, "drivers.file").contains(&hash[..16]), "{line:?}");

    let seeing = with("unsigned SKF_EnumDev(int p, char *n, unsigned *size) { *size = 34; return 0; }");
    detail(&self::line(&seeing), "drivers.sees_key");
    // a maker whose ULONG has 64 bits
    let wide = with("unsigned long SKF_EnumDev(int p, char *n, unsigned long *size) { *size = 2; return 0; }");
    detail(&self::line(&wide), "drivers.sees_key");
}

#[test]
fn without_any_library_nothing_is_wrong_because_none_is_needed() {
    says(&found(&Tree::new()), Verdict::Ok, "drivers.none");
}

#[test]
fn a_library_that_crashes_takes_only_its_child_along() {
    let line = line(&with("unsigned SKF_EnumDev(int p, char *n, unsigned *s) { *(volatile int *)0 = 1; return 0; }"));
    says(&line, Verdict::Notice, "drivers.crashed");
    assert!(line.words(false, true).contains("signal 11"), "{line:?}");
    let at_load = "__attribute__((constructor)) void start(void) { __builtin_trap(); }\n";
    says(&self::line(&(with(NO_KEY) + at_load)), Verdict::Notice, "drivers.crashed");
    let leaves = "void exit(int);\nunsigned SKF_EnumDev(int p, char *n, unsigned *s) { exit(7); return 0; }";
    says(&self::line(&with(leaves)), Verdict::Notice, "drivers.broke_off");
}

#[test]
fn an_absurd_length_and_a_refusal_mean_that_usb_is_out_of_reach() {
    // as measured with a library of a maker on a computer without a bus
    let absurd = "unsigned SKF_EnumDev(int p, char *n, unsigned *s) { *s = 0xFFFFFFC2; return 0; }";
    says(&line(&with(absurd)), Verdict::Notice, "drivers.no_usb");
    let edge = "unsigned SKF_EnumDev(int p, char *n, unsigned *s) { *s = 65536; return 0; }";
    says(&line(&with(edge)), Verdict::Ok, "drivers.good");
    let refused = line(&with("unsigned SKF_EnumDev(int p, char *n, unsigned *s) { return 0x0A000003; }"));
    says(&refused, Verdict::Notice, "drivers.refused");
    assert!(refused.words(false, true).contains("0x0A000003"));
}

#[test]
fn a_library_without_what_keys_need_is_told_with_the_names() {
    let line = line(&format!("{NAMES}{NO_KEY}"));
    says(&line, Verdict::Notice, "drivers.missing");
    assert!(line.words(false, true).ends_with("SKF_VerifyPIN"), "{line:?}");
}

#[test]
fn a_library_for_another_machine_is_never_loaded() {
    let tree = Tree::new();
    let path = tree.path(PLACE);
    compile(&with(NO_KEY), &path, &[]);
    let mut bytes = fs::read(&path).unwrap();
    // e_machine: loongarch64
    bytes[18..20].copy_from_slice(&258u16.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let line = found(&tree);
    says(&line, Verdict::Notice, "drivers.architecture");
    let words = line.words(false, true);
    assert!(
        words.contains("loongarch64") && words.contains(std::env::consts::ARCH.replace('_', "-").as_str()),
        "{words}"
    );

    fs::write(&path, b"#!/bin/sh\n\0SKF_EnumDev\0").unwrap();
    says(&found(&tree), Verdict::Notice, "drivers.architecture");
}

#[test]
fn a_missing_dependency_is_named() {
    let tree = Tree::new();
    let needed = tree.path("/tmp/libneeded.so");
    compile("int needed(void) { return 1; }", &needed, &[]);
    let source = with(NO_KEY) + "int needed(void);\nint use(void) { return needed(); }\n";
    compile(&source, &tree.path(PLACE), &[needed.to_str().unwrap()]);
    fs::remove_file(&needed).unwrap();
    let line = found(&tree);
    says(&line, Verdict::Notice, "drivers.not_loaded");
    assert!(line.words(false, true).contains("libneeded.so"), "{line:?}");
}

#[test]
fn a_library_that_hangs_is_ended() {
    let began = Instant::now();
    let line = line(&with("unsigned SKF_EnumDev(int p, char *n, unsigned *s) { for (;;) ; }"));
    says(&line, Verdict::Notice, "drivers.hung");
    println!("measured: a library that hangs is ended after {:?}", began.elapsed());
    let talking = "#include <stdio.h>\nunsigned SKF_EnumDev(int p, char *n, unsigned *s) { for (;;) puts(\"{}\"); }";
    let line = self::line(&with(talking));
    assert_eq!(line.verdict, Verdict::Notice, "one that says more than anybody reads ends as well: {line:?}");
}

#[test]
fn a_debug_build_that_logs_pins_is_worth_a_notice_also_when_it_works() {
    let line = line(&(with(NO_KEY) + "const char *log_file = \"/var/tmp/mk_log.log\";\n"));
    says(&line, Verdict::Notice, "drivers.debug");
    assert!(line.remedy.iter().any(|step| step.key == "drivers.debug_todo"));
}

#[test]
fn a_bad_library_is_a_problem_only_when_a_key_needs_it() {
    let tree = Tree::new();
    let refusing = with("unsigned SKF_EnumDev(int p, char *n, unsigned *s) { return 0x0A000001; }");
    compile(&refusing, &tree.path(PLACE), &[]);
    tree.usb("1-2", "6588:1514", "0b");
    says(&found(&tree), Verdict::Notice, "drivers.refused");
    tree.usb("1-3", "055C:E618", "03");
    says(&found(&tree), Verdict::Problem, "drivers.refused");
    compile(&with(NO_KEY), &tree.path("/usr/lib64/libes_3000gm.so.1.0.0"), &[]);
    says(&found(&tree), Verdict::Notice, "drivers.refused");
}

#[test]
fn copies_that_differ_and_other_middleware_are_named() {
    let tree = Tree::new();
    compile(&with(NO_KEY), &tree.path(PLACE), &[]);
    let copy = tree.write("/usr/lib/libgm3000.1.0.so", fs::read(tree.path(PLACE)).unwrap());
    symlink("libgm3000.1.0.so", copy.with_file_name("libgm3000.so")).unwrap();
    // names no function of the standard: never loaded, not even mentioned
    tree.write("/usr/lib/libgm3000_pkcs11.so", "\x7fELF nothing");
    let line = found(&tree);
    says(&line, Verdict::Ok, "drivers.good");
    assert_eq!(line.details.iter().filter(|detail| detail.key == "drivers.file").count(), 2, "{line:?}");

    compile(&(with(NO_KEY) + "int newer = 2;\n"), &copy, &[]);
    let line = found(&tree);
    says(&line, Verdict::Notice, "drivers.double");
    assert!(line.words(false, true).contains(PLACE) && line.words(false, true).contains("/usr/lib/libgm3000.1.0.so"));

    fs::remove_file(&copy).unwrap();
    for folder in ["/opt/BJCAClient", "/opt/apps/cn.com.watchdata.tool", "/opt/chromium"] {
        fs::create_dir_all(tree.path(folder)).unwrap();
    }
    let line = found(&tree);
    says(&line, Verdict::Notice, "drivers.middleware");
    let words = line.words(false, true);
    assert!(words.ends_with("BJCAClient, cn.com.watchdata.tool"), "not the package of the library: {words}");
}

#[test]
fn the_child_inherits_nothing_of_the_person() {
    let tree = Tree::new();
    let out = tree.path("/tmp/environment");
    fs::create_dir_all(out.parent().unwrap()).unwrap();
    let copies = format!(
        "#include <stdio.h>\nextern char **environ;\nunsigned SKF_EnumDev(int p, char *n, unsigned *s) {{\n\
         FILE *f = fopen(\"{}\", \"w\"); for (char **e = environ; *e; e++) fprintf(f, \"%s\\n\", *e);\n\
         char c; fprintf(f, \"stdin %zu\", fread(&c, 1, 1, stdin)); fclose(f); *s = 0; return 0; }}",
        out.display()
    );
    compile(&with(&copies), &tree.path(PLACE), &[]);
    says(&found(&tree), Verdict::Ok, "drivers.good");
    assert_eq!(fs::read_to_string(out).unwrap(), "stdin 0");
}

/// The child ends by itself when the program that started it is gone.
#[test]
fn the_child_ends_also_when_nobody_waits_for_it() {
    let tree = Tree::new();
    compile(&with("unsigned SKF_EnumDev(int p, char *n, unsigned *s) { for (;;) ; }"), &tree.path(PLACE), &[]);
    let mut child = Command::new(program())
        .arg("probe-driver")
        .arg(tree.path(PLACE))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    // ends with the child
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("loaded") && !said.contains("enumerated"), "{said}");
    assert!(!child.wait().unwrap().success());
}
