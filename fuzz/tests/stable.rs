//! The fuzz targets without a fuzzer: random input on a stable compiler, for `FUZZ_SECONDS` each.

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

type Target = fn(&[u8]) -> bool;

/// Feeds the seeds of a target, all of which it takes, then changed ones and what `inputs` generates,
/// until the time is over: one second unless the environment says otherwise.
fn run(name: &str, words: &'static [&'static str], inputs: impl Strategy<Value = Vec<u8>>, target: Target) {
    let seeds = seeds(name);
    for seed in &seeds {
        assert!(target(seed), "a seed is not taken: {:?}", String::from_utf8_lossy(seed));
    }
    let inputs = prop_oneof![8 => changed(seeds, words), 2 => inputs, 1 => any::<Vec<u8>>()];
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runner = TestRunner::default();
    let (mut runs, mut taken) = (0_u64, 0_u64);
    while Instant::now() < end {
        let input = inputs.new_tree(&mut runner).expect("a strategy without filters").current();
        let outcome = std::panic::catch_unwind(|| target(&input));
        let shown = || String::from_utf8_lossy(&input).into_owned();
        taken += u64::from(outcome.unwrap_or_else(|_| panic!("after {runs} inputs, on {:?}", shown())));
        runs += 1;
    }
    println!("{name}: {runs} inputs, {taken} of them taken");
    assert!(taken > 0, "none of {runs} inputs got through");
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let files = std::fs::read_dir(folder).expect("a folder of seeds");
    let read = |file: std::io::Result<std::fs::DirEntry>| std::fs::read(file.expect("a seed").path());
    files.map(|file| read(file).expect("a seed")).collect()
}

/// Seeds with a few pieces taken out, put in or replaced.
fn changed(seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|octet| vec![octet]),
        select(words).prop_map(|word| word.as_bytes().to_vec()),
        Just(Vec::new()),
    ];
    let edits = vec((any::<Index>(), 0..6_usize, piece), 0..4);
    (select(seeds), edits).prop_map(|(mut input, edits)| {
        for (place, length, piece) in edits {
            let start = place.index(input.len() + 1);
            let end = (start + length).min(input.len());
            input.splice(start..end, piece);
        }
        input
    })
}

#[test]
fn basic() {
    let header = "[bB]asic {1,2}[A-Za-z0-9+/]{0,40}={0,2}".prop_map(String::into_bytes);
    run("basic", &["Basic ", "=", "==", " ", "\t", "Og==", "+/"], header, dash_auth_fuzz::basic);
}

#[test]
fn stored_hash() {
    let scrypt = "scrypt:(2|128|32768|16777216|2147483648):(1|8|9|1024):(1|16|99999)[$]s[$][0-9a-f]{128}";
    let pbkdf2 = "pbkdf2:(sha1|sha256|md5):(0|1|10000000|4294967295)[$]s[$]([0-9a-f]{40}|[0-9a-f]{64})";
    let argon2 = "[$]argon2id[$]v=19[$]m=(8|4194304|4294967295),t=(1|2|9),p=(1|2)[$]c2FsdHNhbHQ[$][A-P]{43}";
    let forms = "[ \"']?([$]?[a-z0-9]{1,3}[:$][a-z0-9$:]{0,9}|[{][a-z0-9]{0,3}[}].{0,3}|[0-9a-fA-F]{31,129})[ \"'\n]?";
    let value = prop_oneof![scrypt, pbkdf2, argon2, forms];
    let words = &[
        "$",
        ":",
        "scrypt:",
        "pbkdf2:",
        "sha1",
        "16777216",
        "4294967296",
        "$argon2d",
        "v=16",
        "m=8,t=1,p=1",
        "\0",
        "{ssha}",
        "{X",
        "$x$",
        "scypt:1$",
        "\u{1}",
        "\n",
        "\"",
        "b'",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$2y$04$",
        "$apr1$",
        "$6$rounds=1000$",
        "pbkdf2_sha256$",
        "$pbkdf2-sha256$",
        "$scrypt$ln=7,r=8,p=1$",
    ];
    run("stored_hash", words, value.prop_map(String::into_bytes), dash_auth_fuzz::stored_hash);
}

#[test]
fn htpasswd() {
    let line = "[#a-c ]{0,3}:?([{]SHA[}][A-Za-z0-9+/]{26}[AEIMQUYcgkosw048]=|[$](1|apr1)[$][a-z]{0,9}[$][./0-9A-Za-z]{22}|[.-z]{13})?:?\r?";
    let words = &[
        "\n",
        ":",
        "#",
        "\r\n",
        "{SHA}",
        "{SSHA}",
        "$apr1$",
        "$2y$05$",
        "$6$rounds=1000$",
        "\u{feff}",
        "\0",
    ];
    let file = vec(line, 0..4).prop_map(|lines| lines.join("\n").into_bytes());
    run("htpasswd", words, file, dash_auth_fuzz::htpasswd);
}

#[test]
fn route() {
    let rule = "(/|a|-|<x>|<(path|int|float|uuid|any\\(a,b\\)|string\\(length=[0-3]\\)):[w-z]>){0,6}";
    let input = (vec(rule, 1..4), "(/|a|-|<x>){0,6}", "/(/|a|-|[0-9]|[.]){0,6}")
        .prop_map(|(rules, template, path)| [rules, vec![template, path]].concat().join("\0").into_bytes());
    let words = &["/", "//", "<path:p>", "<z>", "<int(max=3):i>", "\0", "\n", "%2F", "(", "'", "\u{661}"];
    run("route", words, input, dash_auth_fuzz::route);
}

#[test]
fn callback() {
    let words = &[
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "null",
        "[]",
        "\"ALL\"",
        "\"MATCH\"",
        "{\"wild\":\"MATCH\"}",
        "true",
        "\"pathname\"",
        "\"id\":",
        "@",
        "1e999",
    ];
    let declaration = r#"{"inputs":[["u","pathname"]],"state":[],"outputs":["o","children"]}"#;
    let component = r#"\{"id":"[uo]","property":"(pathname|children)"(,"value":("/a"|1|null))?\}"#;
    let body = (component, vec(component, 0..3)).prop_map(move |(output, inputs)| {
        let inputs = inputs.join(",");
        format!("{declaration}\n{{\"outputs\":{output},\"inputs\":[{inputs}]}}").into_bytes()
    });
    run("callback", words, body, dash_auth_fuzz::callback);
}

#[test]
fn ticket() {
    let texts =
        "[A-Za-z0-9_-]{0,60}[.][A-Za-z0-9_-]{0,20}[.][A-Za-z0-9_-]{0,43}".prop_map(String::into_bytes);
    run("ticket", &[".", "..", "W10", "bnVsbA", "=", "A", "\u{fc}"], texts, dash_auth_fuzz::ticket);
}
