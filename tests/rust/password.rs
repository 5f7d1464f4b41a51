//! Stored passwords through the public API.

use std::sync::atomic::{AtomicU32, Ordering};

use dash_auth::password::{
    Digest, ForeignPbkdf2, GenerateError, MAX_PASSWORD_BYTES, Method, NoForeignPbkdf2, ParseError, Scheme,
    StoredPassword, Variant, check_password_hash, generate, generate_bcrypt, generate_password_hash,
};
use proptest::prelude::*;

/// Made with werkzeug 3.1 and argon2-cffi 25.1 for the password "correct horse".
const HASHES: [&str; 13] = [
    "scrypt:32768:8:1$gcMIZmAC1SlYz3kt$66575990d1543eef045a5f2289c29e0d477d8101c80bfa9f1cb890e4129fa0dd3bbde540785ebe3a24953535f7908f3b8421349c16167a36c0d960347b081e57",
    "scrypt:1024:8:2$LpeB0TArV4eTW6Ql$488690f26f8b8f20f390ac95a3e06e12776d9761941bddcc6c48852759461961c703846bd187e7934b86cb122fbc3c2d0e610782108d3ec5db9294cbd5e9557d",
    "pbkdf2:sha256:1000$fZnw1mgDXL4gvWYN$210123e913dc6bc9014d9197a280e27592ca30192b75f45575e5110a464870ec",
    "pbkdf2:sha1:1000$vvnX2zJ81SPsqOZ5$d6a26aade04d1dc5e94a860be35028e246ea1c17",
    "pbkdf2:sha224:10$h4PvBcYlsMiSfFEU$aa75fa88db474cae15a2d79da070f8a3abdee1d850936e9a2779651e",
    "pbkdf2:sha384:10$ajvZwGsg1J1qbG9j$c37f23e798b85b46edcbf9630df38426d7ffe32d2c3288f0ee405591de2054d3fc06169cd5c91c8c62e816324b9593a0",
    "pbkdf2:sha512:10$MxSqDj4EuKRbxau6$33f51aaac5e99b2c26cb2f909f52c1fd976e954de1e19a3535eb4585c5eb295ad2c010b75c85b0c3ddbd01d906759702738c18f6ea2e0a26e0edf47d3554d5a4",
    "pbkdf2:sha512_256:10$r05PnX85IA1rjnQq$3912defb9b7b232e36046c3bfda657774b3313caf05331c854111935ae12d59e",
    "pbkdf2:sha512_224:10$vC8dqMZMRYjThtJp$78516e0222add5d9b35f705fb8b7d975ee4a431c4bb477df2de1fc57",
    "$argon2d$v=19$m=256,t=2,p=2$Fz5LrihuIWMOhx+MBIoptA$o6M0EewsLi49NqO0ZA/nhDsasI/2b8if2WGUGoO1ex0",
    "$argon2i$v=19$m=256,t=2,p=2$bttelzNZ+bnhokykpu0DaQ$F+F4kVkbfBMoJV0tuN7vXJsk9Py8oBnMhYYfOJzS+z4",
    "$argon2id$v=19$m=256,t=2,p=2$tVklZrsc4yDcSjyztVlgPQ$dSzaGaczq0brDJ3FixPol1uXIixMyKUi+0x3h8Cb550",
    "$argon2i$v=16$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$TCOkDfrjj/J7N42A+O+kVxxHTQ8QAN0m7tvhyvdbv1I",
];

/// Made with htpasswd 2.4, mkpasswd 5.5 and Python's hashlib for the password "p\u{e4}ss word".
const OTHERS: [&str; 13] = [
    "$2y$05$FgblhZFRx0eEL2hr59zLre/ApaPMe9ac7D.XQ3oQvlWwxzPNURkWy",
    "$apr1$JIdKUTUA$dW0hQVLcZr0ln7phK4ooO0",
    "{SHA}zH9xIdvvCk1Psi4ui9OBlBDDcdA=",
    "$6$gTIDE1lBEVJwQv9D$eFNk47Riq5c7IB9L3F5XfGNjHXSi.ovDLEb0lbtammWgJrCvdJ5720KMybklrUTa0HIXrY508R1CI5G1TNLYB0",
    "$5$rounds=1000$DfElAy9T.o0C7vIR$XYAj0Ca1kjb31KxIKa3IqBjqT/h2p86HQd6TTYtyX2/",
    "$2a$05$irWbYRiySPtZtP6PTGwKs.0vAmNHODH8s9inr8z09n4CY.CQelK9u",
    "$2b$05$HbzVtWS8/PmfC12wDvfdXuhB9nH9uM7hg8wp914ib7Kx65GfmMqOq",
    "$1$beLtB3kc$duXICPNvel0K/XPj/gqod1",
    "$6$rounds=1000$SV69PFspnzgBbFXn$ZRlvTTfBg5zl6n89e7as2rUkPh9gWpEhOfJqXQK5Lirnwna4rR.hjfS5N3N90D81edNm1fu91UeO6nz9xCRul1",
    "{SSHA}OaBZy05rJTgbME2o7ygMpEmrHaVzYWx0eQ==",
    "pbkdf2_sha256$1000$salt1234salt5678$qI2eAJFwERsC9oKKja39TpIlupeEFiMixzw9lTte10c=",
    "$pbkdf2-sha256$1000$....MDEyMzQ1Njc4OWFiYw$tP6L15lBE4wqQM6dKSR45RdJQSXPuDcfRhlAU84zovs",
    "$scrypt$ln=7,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$9LI4IHeXfO0FjdC5rUge8vON3jWDAWj4jDVJZ4dZEYc",
];

const SHA3: &str =
    "pbkdf2:sha3_256:10$vHJ67T30kZMOOpST$ca763da5dbb0469b995befcc68f4affbcbbc47060a07235c65143416d50a3885";

fn error(value: &str) -> ParseError {
    StoredPassword::parse(value).err().unwrap_or_else(|| panic!("{value:?} was read"))
}

fn matches(value: &str, password: &str) -> bool {
    let stored = StoredPassword::parse(value).unwrap_or_else(|error| panic!("{value:?} {error}"));
    stored.verify(password.as_bytes(), &NoForeignPbkdf2)
}

#[test]
fn hashes_of_werkzeug_and_argon2_cffi() {
    for hash in HASHES {
        assert!(matches(hash, "correct horse"), "{hash}");
        assert!(!matches(hash, "correct horsf"), "{hash}");
        assert!(!matches(hash, ""), "{hash}");
        assert!(!matches(hash, hash), "{hash}");
        assert_eq!(check_password_hash(hash, b"correct horse"), Ok(Some(true)), "{hash}");
        assert_eq!(check_password_hash(hash, b"wrong"), Ok(Some(false)), "{hash}");
    }
}

#[test]
fn hashes_of_htpasswd_crypt_ldap_django_and_passlib() {
    for hash in OTHERS {
        assert!(matches(hash, "p\u{e4}ss word"), "{hash}");
        assert_eq!(check_password_hash(hash, "p\u{e4}ss word".as_bytes()), Ok(Some(true)), "{hash}");
        for wrong in ["p\u{e4}ss word ", "pass word", "", hash, "\0"] {
            assert!(!matches(hash, wrong), "{hash} {wrong:?}");
        }
        // To HMAC a key that ends in NULs is the same without them (RFC 2104 section 2).
        let is_hmac = hash.contains("pbkdf2") || hash.starts_with("$scrypt");
        assert_eq!(matches(hash, "p\u{e4}ss word\0"), is_hmac, "{hash}");
        let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
        assert_eq!(check_password_hash(hash, long.as_bytes()), Ok(Some(false)), "{hash}");
        assert!(StoredPassword::parse(hash).unwrap().needs_rehash(), "{hash}");
        // Each is damaged by what is cut off, and by what is added.
        let cut = hash.get(..hash.len() - 1).unwrap();
        for changed in [cut.to_owned(), format!("{hash}x"), format!("{hash}$"), format!("{hash}:")] {
            assert!(StoredPassword::parse(&changed).is_err(), "{changed}");
        }
    }
}

#[test]
fn bcrypt_never_cuts_a_password() {
    let stored = generate_bcrypt(&[b'x'; 72]).unwrap();
    assert!(stored.starts_with("$2y$12$") && !StoredPassword::parse(&stored).unwrap().needs_rehash());
    assert!(matches(&stored, &"x".repeat(72)));
    for wrong in [71, 73, 74, 144] {
        assert!(!matches(&stored, &"x".repeat(wrong)), "{wrong}");
    }
    assert_eq!(generate_bcrypt(&[b'x'; 73]), Err(GenerateError::BcryptLength));
    assert_eq!(generate_bcrypt(b"a\0b"), Err(GenerateError::BcryptLength));
    assert_ne!(generate_bcrypt(b"a").unwrap(), generate_bcrypt(b"a").unwrap());
}

#[test]
fn crypt_takes_long_passwords() {
    // Made with Python's crypt, of the longest password that it takes.
    let longest = "$6$rounds=1000$salt$v/UgwNeZQ.s8nSJ1HNomYzuopcaW37ZzFLESuH8NsUraOkT53k.h.eVSmPMxwlp/9N1Nxz/bGPBr925yGAN15.";
    assert!(matches(longest, &"x".repeat(511)));
    assert!(!matches(longest, &"x".repeat(512)));
    assert!(!matches(longest, &"x".repeat(513)));
}

#[test]
fn what_costs_too_much_is_refused_when_it_is_read() {
    let (short, long) = (".".repeat(43), ".".repeat(86));
    let bcrypt = |cost: &str| format!("$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.{}", "a".repeat(31));
    let costly = [
        (bcrypt("15"), "bcrypt"),
        (bcrypt("31"), "bcrypt"),
        (format!("$5$rounds=2000001$salt${short}"), "SHA-crypt"),
        (format!("$6$rounds=999999999$salt${long}"), "SHA-crypt"),
        (format!("pbkdf2_sha256$10000001$salt${}=", "A".repeat(43)), "pbkdf2"),
        (format!("$pbkdf2-sha256$4294967295$c2FsdA${}", "A".repeat(43)), "pbkdf2"),
        (format!("$scrypt$ln=24,r=8,p=1$c2FsdA${}", "A".repeat(43)), "scrypt"),
        (format!("$scrypt$ln=60,r=8,p=1$c2FsdA${}", "A".repeat(43)), "scrypt"),
    ];
    for (value, scheme) in costly {
        assert_eq!(error(&value), ParseError::TooCostly(scheme), "{value}");
    }
    let wrong = [
        (bcrypt("03"), "bcrypt"),
        (format!("$6$rounds=999$salt${long}"), "SHA-crypt"),
        (format!("pbkdf2_sha256$0$salt${}=", "A".repeat(43)), "pbkdf2"),
    ];
    for (value, scheme) in wrong {
        assert_eq!(error(&value), ParseError::Parameters(scheme), "{value}");
    }
    assert!(StoredPassword::parse(&bcrypt("14")).is_ok());
    assert!(StoredPassword::parse(&format!("$6$rounds=2000000$salt${long}")).is_ok());
}

#[test]
fn methods_without_parameters_have_werkzeugs() {
    let scheme = |method: &str, length| {
        let value = format!("{method}$salt${}", "0".repeat(length));
        StoredPassword::parse(&value).unwrap().scheme()
    };
    let pbkdf2 = |digest, iterations| Scheme::Pbkdf2 { digest, iterations };
    assert_eq!(scheme("scrypt", 128), Scheme::Scrypt { n: 32_768, r: 8, p: 1 });
    assert_eq!(scheme("pbkdf2", 64), pbkdf2(Digest::Sha256, 1_000_000));
    assert_eq!(scheme("pbkdf2:sha512", 128), pbkdf2(Digest::Sha512, 1_000_000));
    assert_eq!(scheme("pbkdf2:sha1:7", 40), pbkdf2(Digest::Sha1, 7));
}

#[test]
fn a_phc_string_without_a_version_has_version_16() {
    let value = HASHES[12].replace("$v=16", "");
    assert!(matches(&value, "correct horse"));
    let scheme = StoredPassword::parse(&value).unwrap().scheme();
    let expected =
        Scheme::Argon2 { variant: Variant::I, version: 0x10, memory_kib: 256, passes: 2, lanes: 1 };
    assert_eq!(scheme, expected);
}

#[test]
fn what_has_no_form_of_a_hash_is_plaintext() {
    for value in [
        "pa$$w0rd",
        "hello",
        "world",
        "$",
        "$$",
        "$$money",
        "$100",
        "$-$x",
        "$ecret",
        "{}x",
        "{not a scheme}x",
        "{curly",
        "a note: $5",
        "1:2",
        "word:",
        ":a$b",
        "5f4dcc3b5aa765d61d8327deb882cf9",
        "5f4dcc3b5aa765d61d8327deb882cf99a",
        "5f4dcc3b5aa765d61d8327deb882cf9g",
        "*stars*",
        "scrypt",
        "pbkdf2",
        "scrypts$a$b",
        "md5",
        "a$b$c",
        "$$$",
        "\\$",
        "\\o/$5$",
        // Like what is left of a hash, and no such thing.
        "=19",
        "=19=19456",
        "m=19456,t=2",
        "m=19456,t=2,p=",
        "m=19456,t=,p=1",
        "m=,t=2,p=1",
        "m19456,t=2,p=1",
        "m=19456,t=2,x=8,p=1",
        "a=1,b=2,c=3",
        "pbkdf2_sha512",
        "b2",
        "b2/short.one",
        "b2.FOrXgMJrf.FOrXgMJrf.FO!",
        "b2wFOrXgMJrfXAFOrXgMJrfXA",
        "c2wFOrXgMJrfXAFOrXgMJrfXAFOrXgMJrfXAFOrXgMJrfXAFOrXgMJ",
        "bcwFOrXgMJrfXAFOrXgMJrfXAFOrXgMJrfXAFOrXgMJrfXAFOrXgMJ",
        "p\u{e4}ssw\u{f6}rd",
        " space ",
    ] {
        let stored = StoredPassword::parse(value).unwrap();
        assert!(stored.is_plaintext() && stored.needs_rehash(), "{value:?}");
        assert!(stored.verify(value.as_bytes(), &NoForeignPbkdf2), "{value:?}");
        for wrong in ["", " ", &value[1..], &format!("{value} ")] {
            assert!(!stored.verify(wrong.as_bytes(), &NoForeignPbkdf2), "{value:?} {wrong:?}");
        }
    }
}

#[test]
fn a_hash_of_another_scheme_is_never_plaintext() {
    let hashes = [
        "$2x$12$x",
        "$y$j9T$x$y",
        "$7$CU..../....x",
        "$P$984478476IagS59wHZvyQMArzfx58u.",
        "$H$9x$y",
        "$sha1$40000$x",
        "$bcrypt-sha256$v=2,t=2b,r=12$x$y",
        "$md5,rounds=5$x",
        "$unknown$x",
        "{CRYPT}x",
        "{SSHA512.b64}x",
        "{bcrypt}$2a$10$x",
        "{X-PBKDF2}x",
        "md5$salt$x",
        "sha1$salt$x",
        "sha224$salt$x",
        "sha256$salt$x",
        "sha384$salt$x",
        "sha512$salt$x",
        "plain$$x",
        "pbkdf2_sha1$1$x$y",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$x$y",
        "argon2id$v=19$m=102400,t=2,p=8$x$y",
        "bcrypt$$2b$12$x",
        "bcrypt_sha256$$2b$12$x",
        "*2470c0c06dee42fd1618bb99005adca2ec9d1e19",
        "md5a3556571e93b0d20722ba62be61e8c2d",
        "SCRAM-SHA-256$4096:x$y:z",
        // Misspelt, of a kind that nobody knows, or a whole line of a file.
        "scypt:32768:8:1$salt$x",
        "scrypt-2:1$",
        "sha3.b64:x$",
        "alice:$apr1$salt$x",
        "$a_b-c,d=e.f/g+h@i$x",
        "{curly}",
        "{x}",
        // As they are written for a shell, or for what fills in variables.
        "\\$2b\\$12\\$x",
        "$$2b$$12$$x",
        "\\$argon2id\\$v=19\\$m=19456,t=2,p=1\\$c2FsdA\\$a2V5",
        "$$argon2id$$v=19$$m=19456,t=2,p=1$$c2FsdA$$a2V5",
        "$$6$$salt$$x",
        "salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "alice:realm:5f4dcc3b5aa765d61d8327deb882cf99",
    ];
    let digests = [32, 40, 56, 64, 96, 128].map(|digits| "c0ffee11".repeat(16)[..digits].to_owned());
    for hash in hashes.into_iter().chain(digests.iter().map(String::as_str)) {
        for value in
            [vec![hash.to_owned(), hash.to_uppercase(), hash.to_lowercase()], enclosed(hash)].concat()
        {
            let refused = error(&value);
            assert!(matches!(refused, ParseError::Unsupported(_)), "{value:?}: {refused}");
        }
    }
}

/// Returns a hash with what copying and settings files put around it.
fn enclosed(hash: &str) -> Vec<String> {
    vec![
        format!(" {hash}\n"),
        format!("\"{hash}\""),
        format!("\u{feff}'{hash}'\0"),
        format!("b'{hash}'"),
        format!("`{hash}`"),
        format!("\u{ab}{hash}\u{bb}"),
        format!("\u{ad}{hash}\u{2060}"),
        format!("\u{201c}{hash}\u{201d}\u{200b}"),
        format!("{hash}\u{1}"),
    ]
}

#[test]
fn what_begins_as_a_hash_is_never_plaintext() {
    let begun = [
        "$2a$",
        "$2b$12$x",
        "$2y$12$x",
        "$1$salt$x",
        "$apr1$salt$x",
        "$5$rounds=5000$salt$x",
        "$6$salt$x",
        "$pbkdf2-sha256$29000$x$y",
        "$scrypt$ln=16,r=8,p=1$x$y",
        "{SHA}x",
        "{SHA}",
        "{SSHA}x",
        "pbkdf2_sha256$600000$x$y",
    ];
    for hash in begun {
        for value in [hash, &hash.to_uppercase(), &hash.to_lowercase()] {
            let refused = error(value);
            assert!(matches!(refused, ParseError::Damaged(_)), "{value:?}: {refused}");
        }
    }
    for hash in begun.into_iter().chain(OTHERS) {
        for value in enclosed(hash) {
            assert_eq!(error(&value), ParseError::Enclosed, "{value:?}");
        }
    }
    // Another letter case is another hash.
    for hash in OTHERS {
        assert!(StoredPassword::parse(&hash.to_uppercase()).map_or(true, |stored| !stored.is_plaintext()));
    }
}

#[test]
fn a_password_that_no_client_sends_is_refused() {
    for value in ["pass\n", "pass\r\n", "pa\tss", "\0", "pa\u{1b}[1mss", "\u{7f}", "{not a scheme}\u{3}"] {
        assert_eq!(error(value), ParseError::Control, "{value:?}");
    }
}

#[test]
fn a_damaged_hash_is_never_plaintext() {
    let [scrypt, _, pbkdf2, ..] = HASHES;
    let argon2 = HASHES[11];
    for hash in [scrypt, pbkdf2, argon2] {
        assert_ne!(error(&hash.to_uppercase()), ParseError::Empty, "{hash}");
        for end in 7..hash.len() {
            // A shorter argon2 key is a valid one; libraries write 4 bytes and more.
            if hash != argon2 || end < hash.len() - 36 {
                assert!(StoredPassword::parse(&hash[..end]).is_err(), "{}", &hash[..end]);
            }
        }
        assert_eq!(error(&format!("{hash}\n")), ParseError::Enclosed);
        assert_eq!(error(&format!(" {hash}")), ParseError::Enclosed);
        assert_eq!(error(&format!("\"{hash}\"")), ParseError::Enclosed);
        assert!(hash == argon2 || StoredPassword::parse(&format!("{hash}0")).is_err());
        assert!(StoredPassword::parse(&format!("{hash}$")).is_err());
    }
    for value in [
        "scrypt:32768:8:1",
        "scrypt$",
        "scrypt:$$",
        "SCRYPT:32768:8:1$s$x",
        "scrypt:032768:8:1$s$x",
        "scrypt:1_0:8:1$s$x",
        "scrypt:32768:8$s$x",
        "scrypt:32768:8:1:1$s$x",
        "scrypt$16384$salt$8$1$x",
        "pbkdf2:$s$x",
        "pbkdf2:sha256:$s$x",
        "pbkdf2:sha256:0$s$x",
        "pbkdf2:sha256:1:1$s$x",
        "pbkdf2:sha256:10000001$s$x",
        "pbkdf2::1$s$x",
        "pbkdf2:sha\u{e9}:1$s$x",
        "pbkdf2:sha1:1$s$",
        "$argon2",
        "$argon2id",
        "$argon2id$",
        "$argon2x$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc",
        "$ARGON2ID$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc",
        "$argon2id$v=20$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc",
        "$argon2id$v=19$t=1,m=8,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc",
        "$argon2id$v=19$m=08,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc",
        "$argon2id$v=19$m=8,t=1,p=1,x=1$MDEyMzQ1Njc$MDEyMzQ1Njc",
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc=$MDEyMzQ1Njc",
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njd$MDEyMzQ1Njc",
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1$MDEyMzQ1Njc",
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEy",
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc",
    ] {
        let refused = error(value);
        assert!(!matches!(refused, ParseError::Unsupported(_) | ParseError::Empty), "{value:?}: {refused}");
    }
    assert_eq!(error(""), ParseError::Empty);
}

#[test]
fn what_a_shell_leaves_of_a_hash_is_never_plaintext() {
    for (value, scheme) in [
        ("=19=19456,t=2,p=1", "argon2"),
        ("=19=19456,t=2,p=1/MBIoptA+o6M0EewsLi49NqO0ZA/nhDsasI", "argon2"),
        ("=19456,t=2,p=1", "argon2"),
        ("rgon2id=19=256,t=2,p=2MDEyMzQ1", "argon2"),
        ("argon2=19=102400,t=2,p=8", "argon2"),
        ("argon2id=19=102400,t=2,p=8", "argon2"),
        ("x,t=1,p==8,t=1,p=1", "argon2"),
        ("m=19456,t=2,p=1$salt", "argon2"),
        ("\u{1f511}=8,t=1,p=1", "argon2"),
        ("=16,r=8,p=1", "scrypt"),
        ("scrypt:32768:8:1", "scrypt"),
        ("scrypt:32768:8:1cMIZmAC1SlYz3kt575990d1543eef045a5f", "scrypt"),
        ("pbkdf2:sha256:1000000", "pbkdf2"),
        ("pbkdf2:sha256:1000000Znw1mgDXL4gvWYN10123e913dc6bc9", "pbkdf2"),
        ("pbkdf2_sha25600000/abc=", "pbkdf2"),
        ("pbkdf2_sha1", "pbkdf2"),
        ("b2.FOrXgMJrf.FOrXgMJrf.FOr", "bcrypt"),
        ("y0/FOrXgMJrf.FOrXgMJrf.FOrXgMJrf.FOrXgMJrf.FOrXgMJr.fX", "bcrypt"),
        ("a0wFOrXgMJrfXAFOrXgMJrfXAFOrXgMJrfXAFOrXgMJrfXAFOrXgMJ", "bcrypt"),
    ] {
        for value in [value, &value.to_uppercase()] {
            assert_eq!(error(value), ParseError::Damaged(scheme), "{value:?}");
            assert!(StoredPassword::parse(&format!("'{value}'\n")).is_err(), "{value:?}");
        }
    }
}

#[test]
fn the_reason_names_the_remedy_and_not_the_value() {
    let text = error("$y$j9T$sEcReT$x").to_string();
    assert_eq!(
        text,
        "is a yescrypt hash, which this version cannot check; store an argon2, scrypt, pbkdf2 or bcrypt \
         hash (dash_auth.security.generate_password_hash)"
    );
    for value in ["scrypt:1:sEcReT$a$b", "$argon2id$sEcReT", "pbkdf2:sEcReT:1$a$00", " scrypt$sEcReT$b"] {
        assert!(!error(value).to_string().contains("sEcReT"), "{value}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", StoredPassword::parse(HASHES[0]).unwrap());
    assert_eq!(shown, "StoredPassword { scheme: Scrypt { n: 32768, r: 8, p: 1 }, .. }");
    assert_eq!(
        format!("{:?}", StoredPassword::parse("pa$$w0rd").unwrap()),
        "StoredPassword { scheme: Plaintext, .. }"
    );
}

/// Derives zeros, and counts how often it is asked for more than one iteration.
struct Zeros(AtomicU32);

impl ForeignPbkdf2 for Zeros {
    fn derive(&self, digest: &str, _: &[u8], _: &[u8], iterations: u32) -> Option<Vec<u8>> {
        self.0.fetch_add(u32::from(iterations > 1), Ordering::Relaxed);
        (digest == "sha3_256").then(|| vec![0; 32])
    }
}

#[test]
fn a_foreign_digest_is_known_when_it_is_read_or_refused() {
    assert_eq!(error(SHA3), ParseError::Digest);
    let zeros = Zeros(AtomicU32::new(0));
    let zero_key = format!("pbkdf2:sha3_256:10$salt${}", "0".repeat(64));
    let stored = StoredPassword::parse_with(&zero_key, &zeros).unwrap();
    assert!(stored.verify(b"anything", &zeros));
    assert!(!StoredPassword::parse_with(SHA3, &zeros).unwrap().verify(b"anything", &zeros));
    assert_eq!(zeros.0.load(Ordering::Relaxed), 2);
    assert!(!stored.verify(b"anything", &NoForeignPbkdf2));
    for value in [&zero_key.replace("sha3_256", "sha4"), &zero_key[..zero_key.len() - 2]] {
        assert!(StoredPassword::parse_with(value, &zeros).is_err(), "{value}");
    }
}

#[test]
fn a_long_password_is_not_hashed() {
    let zeros = Zeros(AtomicU32::new(0));
    let value = format!("pbkdf2:sha3_256:10$salt${}", "0".repeat(64));
    let stored = StoredPassword::parse_with(&value, &zeros).unwrap();
    assert!(stored.verify(&vec![b'x'; MAX_PASSWORD_BYTES], &zeros));
    assert!(!stored.verify(&vec![b'x'; MAX_PASSWORD_BYTES + 1], &zeros));
    assert_eq!(zeros.0.load(Ordering::Relaxed), 1);
    let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
    assert!(!matches(&long, &long));
}

#[test]
fn what_is_generated_is_read_and_matches() {
    let methods = [
        ("scrypt", false),
        ("scrypt:1024:8:1", true),
        ("pbkdf2", false),
        ("pbkdf2:sha512:10", true),
        ("argon2", false),
        ("argon2:64:1:2", true),
    ];
    for (method, weak) in methods {
        let value = generate(&Method::parse(method).unwrap(), "p\u{e4}ss".as_bytes(), 16).unwrap();
        assert!(value.starts_with(if method == "argon2" { "$argon2id$v=19$m=19456,t=2,p=1$" } else { "" }));
        let stored = StoredPassword::parse(&value).unwrap();
        assert!(stored.verify("p\u{e4}ss".as_bytes(), &NoForeignPbkdf2), "{value}");
        assert!(!stored.verify(b"pass", &NoForeignPbkdf2), "{value}");
        assert_eq!(stored.needs_rehash(), weak, "{value}");
        assert_ne!(generate(&Method::parse(method).unwrap(), b"x", 16).unwrap(), value);
    }
}

#[test]
fn what_is_weaker_than_today_needs_a_rehash() {
    let salt = "0123456789abcdef";
    let (key, b64) = ("00".repeat(64), "MDEyMzQ1Njc4OWFiY2RlZg");
    let outcomes = [
        (format!("scrypt:32768:8:1${salt}${key}"), false),
        (format!("scrypt:8192:8:10${salt}${key}"), false),
        (format!("scrypt:4096:8:20${salt}${key}"), true),
        (format!("scrypt:16384:8:1${salt}${key}"), true),
        (format!("scrypt:32768:8:1${}${key}", &salt[1..]), true),
        (format!("pbkdf2:sha256:1000000${salt}${}", &key[..64]), false),
        (format!("pbkdf2:sha256:999999${salt}${}", &key[..64]), true),
        (format!("pbkdf2:sha512:350000${salt}${key}"), false),
        (format!("pbkdf2:sha512:349999${salt}${key}"), true),
        (format!("pbkdf2:sha1:1000000${salt}${}", &key[..40]), true),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${b64}${}", "A".repeat(43)), false),
        (format!("$argon2id$v=19$m=7168,t=5,p=1${b64}${}", "A".repeat(43)), false),
        (format!("$argon2id$v=19$m=7168,t=4,p=1${b64}${}", "A".repeat(43)), true),
        (format!("$argon2id$v=19$m=7167,t=6,p=1${b64}${}", "A".repeat(43)), true),
        (format!("$argon2id$v=16$m=19456,t=2,p=1${b64}${}", "A".repeat(43)), true),
        (format!("$argon2i$v=19$m=19456,t=2,p=1${b64}${}", "A".repeat(43)), true),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${b64}${}", "A".repeat(22)), true),
        (format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", &b64[..20], "A".repeat(43)), true),
    ];
    for (value, weak) in outcomes {
        assert_eq!(StoredPassword::parse(&value).unwrap().needs_rehash(), weak, "{value}");
    }
}

#[test]
fn generation_has_bounds() {
    let generated = |method: &str, length, salt| {
        Method::parse(method).and_then(|method| generate(&method, &vec![b'x'; length], salt)).err()
    };
    assert_eq!(generated("scrypt:128:1:1", MAX_PASSWORD_BYTES, 1), None);
    assert_eq!(generated("scrypt:128:1:1", MAX_PASSWORD_BYTES + 1, 16), Some(GenerateError::PasswordLength));
    assert_eq!(generated("scrypt:128:1:1", 1, 0), Some(GenerateError::SaltLength));
    assert_eq!(generated("scrypt:128:1:1", 1, 1025), Some(GenerateError::SaltLength));
    assert_eq!(generated("argon2:8:1:1", 1, 7), Some(GenerateError::SaltLength));
    assert_eq!(generated("argon2:8:1:1", 1, 8), None);
    assert_eq!(generated("argon2:4294967295:1:1", 1, 16), Some(GenerateError::TooCostly));
    assert_eq!(generated("pbkdf2:sha3_256:1", 1, 16), Some(GenerateError::Digest));
    for method in ["", "md5", "Scrypt", "scrypt:", "scrypt:1:2", "argon2:", "argon2id", "pbkdf2:sha256:1:1"] {
        assert_eq!(generated(method, 1, 16), Some(GenerateError::Method), "{method:?}");
    }
}

#[test]
fn what_werkzeug_answers_with_an_exception_is_left_to_it() {
    for value in
        ["", "hello", "pa$$w0rd", "a$b$c", "scrypt:3:8:1$s$x", "scrypt:1_0:8:1$s$x", "$2x$12$x", SHA3]
    {
        assert_eq!(check_password_hash(value, value.as_bytes()), Ok(None), "{value:?}");
    }
    assert_eq!(check_password_hash(HASHES[1], &[b'x'; MAX_PASSWORD_BYTES + 1]), Ok(None));
    assert_eq!(check_password_hash("$argon2id", b"x"), Ok(None));
    assert_eq!(check_password_hash("$argon2id$", b"x"), Err(ParseError::Damaged("argon2")));
    assert_eq!(check_password_hash(HASHES[11], &[b'x'; MAX_PASSWORD_BYTES + 1]), Ok(Some(false)));
    for method in ["scrypt:1", "pbkdf2:sha3_256:1", "pbkdf2:sha256:10000001"] {
        assert_eq!(generate_password_hash(method, b"x", 16), Ok(None), "{method:?}");
    }
    for method in ["", "md5", "bcrypt", "Scrypt"] {
        assert_eq!(generate_password_hash(method, b"x", 16), Err(GenerateError::Method), "{method:?}");
    }
    assert_eq!(generate_password_hash("scrypt:128:1:1", b"x", -1), Ok(None));
    assert_eq!(generate_password_hash("argon2", b"x", -1), Err(GenerateError::SaltLength));
    assert_eq!(generate_password_hash("argon2:1", b"x", 16), Err(GenerateError::Method));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics_and_refuses_only_what_may_be_a_hash(value in any::<String>()) {
        match StoredPassword::parse(&value) {
            Err(ParseError::Empty) => prop_assert!(value.is_empty()),
            Err(_) => prop_assert!(may_be_a_hash(&value)),
            Ok(stored) => prop_assert!(stored.is_plaintext()),
        }
    }

    #[test]
    fn reading_what_looks_like_a_hash_never_panics_nor_takes_it_for_plaintext(
        value in r"(scrypt|pbkdf2|\$argon2(id|i|d))[:$](v=19|sha256|[0-9]{1,12})?[:$]m?=?[0-9]{0,12}[:,$][a-z0-9=+$,:]{0,80}",
    ) {
        let plaintext = StoredPassword::parse(&value).is_ok_and(|stored| stored.is_plaintext());
        prop_assert!(!plaintext);
    }

    #[test]
    fn no_changed_hash_matches(which in 0..HASHES.len(), at in any::<prop::sample::Index>(), byte in 33_u8..127) {
        // The default parameters take a second without optimisation.
        let hash = HASHES[which.max(1)];
        let at = hash.rfind('$').unwrap() + 1 + at.index(hash.len() - hash.rfind('$').unwrap() - 1);
        let changed = format!("{}{}{}", &hash[..at], char::from(byte), &hash[at + 1..]);
        let stored = StoredPassword::parse(&changed);
        let matched = stored.is_ok_and(|stored| stored.verify(b"correct horse", &NoForeignPbkdf2));
        prop_assert_eq!(matched, changed == hash);
    }
}

/// A second, coarse opinion: only values with one of these marks may be refused.
fn may_be_a_hash(value: &str) -> bool {
    value.contains(['$', ':']) || value.contains(['{', '*']) || value.to_lowercase().contains("md5")
}
