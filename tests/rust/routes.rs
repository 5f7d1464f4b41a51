//! Rules and paths as tables, and what holds for any rule and any path.

#![allow(clippy::format_collect, clippy::unwrap_used, reason = "a test is read, and may panic")]

use std::thread;
use std::time::Duration;

use dash_auth::gate::{Endpoint, is_open};
use dash_auth::routes::{MAX_PATH, Matched, Reason, RouteMap, Rule};
use proptest::prelude::*;

fn map(rules: &[&str]) -> RouteMap {
    let mut map = RouteMap::new();
    for rule in rules {
        map.add(Rule::parse(rule).unwrap());
    }
    map
}

use Matched::{No, Redirect, Yes};

/// Rules, and what becomes of paths.
type Table<'t> = &'t [(&'t [&'t str], &'t [(&'t str, Matched)])];

fn check(table: Table<'_>) {
    for (rules, paths) in table {
        let map = map(rules);
        for (path, expected) in *paths {
            assert_eq!(map.test(path), *expected, "{rules:?} {path:?}");
            assert_eq!(map.matches(path), *expected == Yes, "{rules:?} {path:?}");
        }
    }
}

#[test]
fn a_path_with_a_dot_segment_matches_nothing() {
    let dots = [
        "/..",
        "/.",
        "/a/..",
        "/a/../b",
        "/./a",
        "/a/.",
        "/a//../b",
        "/a\\..\\b",
        "/a\\.",
        "..",
        "\\..",
        "/a/..\\b",
    ];
    let honest =
        ["/...", "/a..", "/..a", "/a/.b", "/a./b", "/.well-known/x", "/a.b/c", "/%2e%2e/a", "/..;/a"];
    let mut open = map(&["/<path:p>", "/<x>", "/<path:p>/"]);
    for path in dots {
        open.add(Rule::parse(&format!("/{}", path.trim_start_matches('/'))).unwrap());
        assert_eq!(open.test(path), No, "{path:?}");
        assert!(!open.matches(path) && !open.literal(path) && !open.opens_template(path, "/<p>"), "{path:?}");
        assert!(!Rule::parse("/<path:p>").unwrap().matches(path), "{path:?}");
        assert!(Rule::parse("/a/../b").unwrap().sample_paths().is_empty());
    }
    for path in honest {
        assert!(open.matches(path), "{path:?}");
    }
}

#[test]
fn a_rule_is_read_as_it_stands_and_below_the_prefix() {
    let rules = map(&["/own", "/app/full", "/<path:p>/x"]);
    let open = |endpoint, path| is_open(endpoint, path, "/app/", &rules, true);
    for (endpoint, path, expected) in [
        (Endpoint::Server, "/own", true),
        (Endpoint::Server, "/app/own", true),
        (Endpoint::Server, "/app/full", true),
        (Endpoint::Server, "/full", false),
        (Endpoint::Server, "/app/../own", false),
        (Endpoint::Named, "/app/own", true),
        (Endpoint::Named, "/app/full", true),
        (Endpoint::Named, "/app/a/x", false),
        (Endpoint::Missing, "/own", true),
        (Endpoint::Missing, "/other", false),
        (Endpoint::Page, "/own", false),
        (Endpoint::Page, "/app/own", true),
        (Endpoint::Page, "/app/full", false),
        (Endpoint::Static, "/app/assets/x.css", true),
        (Endpoint::Static, "/app/assets/a/../x.css", false),
        (Endpoint::Callback, "/own", false),
        (Endpoint::Closed, "/app/own", false),
        (Endpoint::Login, "/elsewhere", true),
    ] {
        assert_eq!(open(endpoint, path), expected, "{endpoint:?} {path}");
    }
}

#[test]
fn literals() {
    check(&[
        (&[], &[("/", No), ("", No)]),
        (&["/"], &[("/", Yes), ("", Redirect), ("//", Redirect), ("/a", No)]),
        (
            &["/home"],
            &[
                ("/home", Yes),
                ("/home/", No),
                ("/Home", No),
                ("home", Redirect),
                ("//home", Redirect),
                ("/home//", No),
                ("/hom", No),
                ("/homes", No),
            ],
        ),
        (&["/a/b"], &[("/a/b", Yes), ("/a//b", Redirect), ("/a%2Fb", No), ("/a/b/", No), ("/a", No)]),
        (&["/docs/"], &[("/docs/", Yes), ("/docs", Redirect), ("/docs//", Redirect), ("/docs/a", No)]),
        (&["/a//b"], &[("/a/b", Yes), ("/a//b", Redirect)]),
        (&["/ä.{x}|(y)*"], &[("/ä.{x}|(y)*", Yes), ("/äb{x}|(y)*", No)]),
    ]);
}

#[test]
fn converters() {
    check(&[
        (&["/<x>"], &[("/a", Yes), ("/", No), ("/a/b", No), ("/a/", No), ("/\n", Yes), ("/%", Yes)]),
        (&["/<string(length=2):x>"], &[("/äö", Yes), ("/a", No), ("/abc", No)]),
        (&["/<string(minlength=2, maxlength=3):x>"], &[("/a", No), ("/ab", Yes), ("/abcd", No)]),
        (&["/<string(minlength=0):x>"], &[("/", Yes), ("", No)]),
        (&["/<int:x>"], &[("/007", Yes), ("/٣", Yes), ("/-1", No), ("/1.0", No), ("/²", No)]),
        (&["/<int(min=2, max=10):x>"], &[("/1", No), ("/2", Yes), ("/0010", Yes), ("/11", No)]),
        (&["/<int(fixed_digits=3):x>"], &[("/007", Yes), ("/7", No), ("/٠٠٧", Yes)]),
        (&["/<int(signed=True):x>"], &[("/-1", Yes), ("/1", Yes), ("/--1", No), ("/-", No)]),
        (&["/<int(signed=True, fixed_digits=3):x>"], &[("/-12", Yes), ("/-123", No)]),
        (&["/<float:x>"], &[("/1.5", Yes), ("/1", No), ("/1.", No), ("/.5", No), ("/1.5.0", No)]),
        (&["/<float(min=0.5, max=2, signed=True):x>"], &[("/0.4", No), ("/2.0", Yes), ("/-1.0", No)]),
        (&["/<any(a, 'b c', \"1\"):x>"], &[("/a", Yes), ("/b c", Yes), ("/1", Yes), ("/b", No), ("/", No)]),
        (&["/<any:x>"], &[("/", Yes), ("/a", No)]),
        (
            &["/<uuid:x>"],
            &[
                ("/0f3cdb41-6a1e-4c5e-9d0a-5B1D2E7F8A90", Yes),
                ("/0f3cdb416a1e4c5e9d0a5b1d2e7f8a90", No),
                ("/0f3cdb41-6a1e-4c5e-9d0a-5b1d2e7f8a9g", No),
            ],
        ),
        (
            &["/d/<path:x>"],
            &[
                ("/d/a", Yes),
                ("/d/a/b//c/", Yes),
                ("/d/", No),
                ("/d", No),
                ("/d//a", Redirect),
                ("/d/\na", Yes),
                ("/d/a\n", No),
            ],
        ),
    ]);
}

#[test]
fn mixed_text() {
    check(&[
        (&["/a-<x>.js"], &[("/a-b.js", Yes), ("/a-.js", No), ("/a-b.jsx", No), ("/b-b.js", No)]),
        (&["/<int(max=20):a><int:b>"], &[("/123", Yes), ("/456", No), ("/1", No)]),
        // A path takes as little as it can, text as much.
        (&["/<path:p><int(max=5):i>"], &[("/a5", Yes), ("/a12", No)]),
        (&["/<s><int(max=5):i>"], &[("/a5", Yes), ("/a12", Yes), ("/a19", No)]),
        (&["/<a>-<b>-<c>"], &[("/1-2-3", Yes), ("/----", No), ("/-----", Yes), ("/1-2", No)]),
        (&["/<path:p>/edit"], &[("/a/edit", Yes), ("/a/b/edit", Yes), ("/edit", No), ("/a/edit/", No)]),
        (
            &["/<path:p>/edit/"],
            &[("/a/edit/", Yes), ("/a/edit", Redirect), ("/a/edit//", Redirect), ("/a/edit///", Redirect)],
        ),
        (&["/<path:a>-<uuid:b>"], &[("/x/-0f3cdb41-6a1e-4c5e-9d0a-5b1d2e7f8a90", Yes), ("/x-y", No)]),
        (&["/<any(ab, a):x><any(c, bc):y>"], &[("/abc", Yes), ("/abbc", Yes), ("/ac", Yes), ("/abb", No)]),
        (&["/v<float:x>é<x1>"], &[("/v1.5éé", Yes), ("/v1.5é", No), ("/v1é1", No)]),
    ]);
}

#[test]
fn rules_are_searched_in_werkzeugs_order() {
    check(&[
        // A failed check ends the search.
        (&["/<int(max=5):x>", "/<y>"], &[("/5", Yes), ("/9", No), ("/a", Yes)]),
        // So does a slash that is missing at the end.
        (&["/foo/", "/<x>"], &[("/foo", Redirect), ("/bar", Yes), ("/foo/", Yes)]),
        (&["/a/b", "/<x>/c"], &[("/a/c", Yes), ("/a/b", Yes), ("/b/b", No)]),
        (&["/<path:p>", "/<x>/<int(min=5):y>"], &[("/a/1", No), ("/a/b", Yes), ("/a/5", Yes)]),
        // Equal expressions are one transition, whatever their limits: the first rule decides.
        (&["/<int(max=5):x>", "/<int:x>"], &[("/9", No)]),
        (&["/<int:x>", "/<int(max=5):x>"], &[("/9", Yes)]),
    ]);
}

#[test]
fn a_path_beyond_the_limits_matches_nothing() {
    let path = format!("/{}", "a".repeat(MAX_PATH - 1));
    check(&[(&["/<path:p>"], &[(&path, Yes), (&format!("{path}a"), No)])]);
    let digits = "9".repeat(4300);
    check(&[(&["/<int:x>"], &[(&format!("/{digits}"), Yes), (&format!("/{digits}9"), No)])]);
}

#[test]
fn literal_names_exactly_one_path() {
    let map = map(&["/docs/dashboard", "/docs/<topic>", "/a//b"]);
    for (path, expected) in [
        ("/docs/dashboard", true),
        ("/docs/other", false),
        ("/docs/<topic>", false),
        ("docs/dashboard", false),
        ("/docs//dashboard", false),
        ("/a/b", true),
        ("/a//b", false),
    ] {
        assert_eq!(map.literal(path), expected, "{path}");
    }
}

#[test]
fn templates_that_a_rule_covers() {
    let table: &[(&str, &[(&str, bool)])] = &[
        (
            "/docs/<topic>",
            &[
                ("/docs/<topic>", true),
                ("docs/<x>/", true),
                ("/docs/<>", true),
                ("/docs/<a/b>", true),
                ("/<tenant>/dashboard", false),
                ("/<tenant>/<page>", false),
                ("/docs/<a>/edit", false),
                ("/docs/<a>/<b>", false),
                ("/docs/<a><b>", false),
                ("/docs/v-<a>", false),
                ("/docs//<a>", false),
                ("/d*cs/<a>", false),
                ("/docs/none", false),
                ("/docs/<a\nb>", false),
                ("/<a>", false),
                ("/", false),
                ("", false),
            ],
        ),
        ("/docs/dashboard", &[("/<tenant>/dashboard", false), ("/docs/<x>", false)]),
        (
            "/docs/<path:x>",
            &[
                ("/docs/<a>", true),
                ("/docs/<a>/edit", true),
                ("/docs/<a>/<b>", true),
                ("/docs/guide/<a>", true),
                ("/docs/v-<a>", true),
                ("/docs<a>", false),
                ("/docs/", false),
                ("/docs//<a>", false),
                ("/doc<a>/x", false),
                ("/<tenant>/dashboard", false),
                ("/<a>", false),
            ],
        ),
        ("/<path:p>", &[("/<a>", true), ("/<tenant>/dashboard", true), ("/a/<b>", true), ("/", false)]),
        ("/<path:p>/", &[("/<tenant>/dashboard", true)]),
        ("/v-<path:p>", &[("/v-<a>/x", true), ("/v-1/<a>", true), ("/v-", false), ("/v<a>", false)]),
        ("/<a><path:p>", &[("/<a><b>/c", true), ("/<a>/dashboard", false), ("/<a>", false)]),
        (
            "/a/<path:p>/edit",
            &[
                ("/a/<x>/edit", true),
                ("/a/<x>/<y>/edit", false),
                ("/a/b/<x>/edit", false),
                ("/a/<x>", false),
                ("/a/<x>/edit/<y>", false),
            ],
        ),
        ("/<int:year>/<any(a, b):x>", &[("/<x>/<y>", true), ("/<x>/a", false)]),
        ("/app-<x>.js", &[("/app-<v>.js", true), ("/app-<v>", false), ("/app-<v>.jsx", false)]),
        ("/docs/<topic>/", &[("/docs/<topic>", true)]),
    ];
    for (rule, templates) in table {
        let rule = Rule::parse(rule).unwrap();
        for (template, expected) in *templates {
            assert_eq!(rule.covers(template), *expected, "{} {template:?}", rule.text());
        }
    }
}

#[test]
fn steps_of_a_template_grow_with_its_variables_and_the_places_of_what_is_between() {
    let path = "/docs/xy".to_owned() + &"x".repeat(91);
    for (template, expected) in [
        ("/docs", 100),
        ("/docs/<a>", 100),
        ("/<a>/dashboard", 100),
        ("/<a>x<b>", 100),
        ("/<a>x<b>y<c>", 9_200),
        ("/<a>x<b>y<c>z", 9_200),
        ("/<a>x<b>x<c>", 9_200),
        ("/<a>q<b>y<c>", 100),
        ("/<a>.<b>y<c>", 9_900),
        ("/<a>x<b>x<c>x<d>", 846_400),
        ("/<a><b>", 100),
        ("/<a><b><c>", 10_000),
        ("/<a>+<b>x<c>", 1_000_000),
        ("/a*<b>", 10_000),
        ("", 100),
    ] {
        assert_eq!(dash_auth::routes::steps(template, &path), expected, "{template}");
    }
}

#[test]
fn a_template_opens_only_where_the_pathname_matches_that_rule() {
    let wide = map(&["/docs/<path:x>"]);
    assert!(wide.opens_template("/docs/a", "/docs/<topic>"));
    assert!(!wide.opens_template("/docs/dashboard", "/<tenant>/dashboard"));
    assert!(!wide.opens_template("/acme/dashboard", "/docs/<topic>"));

    // The rule that covers must be one that matches, not any that is there.
    let two = map(&["/docs/dashboard", "/<tenant>/dashboard/x", "/docs/<topic>"]);
    assert!(!two.opens_template("/docs/dashboard", "/<tenant>/dashboard"));
    assert!(two.opens_template("/docs/dashboard", "/docs/<topic>"));
    assert!(!two.opens_template("/docs/a", "/<tenant>/dashboard/x"));

    // Slashes are Dash's to merge: a pathname that does not match as it stands opens nothing.
    let one = map(&["/docs/<topic>"]);
    for pathname in ["/docs/a/b", "//docs/a", "docs/a", "/docs//a", "/docs/a/", "/docs/", ""] {
        assert!(!one.opens_template(pathname, "/docs/<topic>"), "{pathname}");
    }
    let branch = map(&["/docs/<topic>/"]);
    assert!(branch.opens_template("/docs/a/", "/docs/<topic>"));
    assert!(!branch.opens_template("/docs/a", "/docs/<topic>"));

    // Values are checked, of the covering rule and of the one that werkzeug would choose.
    let bounded = map(&["/u/<int(max=5):id>"]);
    assert!(bounded.opens_template("/u/5", "/u/<id>"));
    assert!(!bounded.opens_template("/u/6", "/u/<id>"));
    let literal = map(&["/u/6", "/u/<int(max=5):id>"]);
    assert!(literal.matches("/u/6"));
    assert!(!literal.opens_template("/u/6", "/u/<id>"));
    let shadowed = map(&["/u/<int(max=5):id>", "/u/<name>"]);
    assert!(!shadowed.opens_template("/u/6", "/u/<id>"));
}

#[test]
fn refusals_say_why() {
    let cases = [
        ("about", Reason::NoSlash),
        ("", Reason::NoSlash),
        ("/<x", Reason::Malformed("<x".into())),
        ("/a/<1x>", Reason::Malformed("<1x>".into())),
        ("/<int(max=1)x>", Reason::Malformed("<int(max=1)x>".into())),
        ("/<any(a\nb):x>", Reason::Malformed("<any(a\nb):x>".into())),
        ("/<slug:x>", Reason::UnknownConverter("slug".into())),
        ("/<x>/<int:x>", Reason::RepeatedVariable("x".into())),
        ("/<None>", Reason::VariableName("None".into())),
    ];
    for (rule, expected) in cases {
        assert_eq!(Rule::parse(rule).unwrap_err().reason(), &expected, "{rule:?}");
    }
    for rule in [
        "/<int(max=-5):x>",
        "/<int(1, 2, 3, True, 4):x>",
        "/<int(5, fixed_digits=5):x>",
        "/<int(lenght=5):x>",
        "/<int(min='5'):x>",
        "/<float(fixed_digits=5):x>",
        "/<string(length=2,%%):x>",
        "/<string(maxlength=0):x>",
        "/<string(length='-5'):x>",
        "/<string(length=4294967295):x>",
        "/<string(minlength=None):x>",
        "/<any(1):x>",
        "/<any(None):x>",
        "/<any(a=b):x>",
        "/<any(ä):x>",
        "/<path(map=1):x>",
        "/<uuid(self=1):x>",
    ] {
        let refused = Rule::parse(rule).unwrap_err();
        assert!(matches!(refused.reason(), Reason::Argument(..)), "{rule}: {refused}");
        assert!(refused.to_string().starts_with(&format!("URL rule '{rule}': wrong arguments")), "{refused}");
    }
}

#[test]
fn samples_match_and_respect_the_arguments() {
    let table: &[(&str, usize)] = &[
        ("/about", 1),
        ("/<x>", 2),
        ("/<string(length=3):x>", 2),
        ("/<string(minlength=100):x>", 2),
        ("/<string(maxlength=1):x>", 2),
        ("/<int(min=100, max=101):x>", 2),
        ("/<int(min=7, max=7):x>", 1),
        ("/<int(fixed_digits=5, min=12):x>", 2),
        ("/<int(min=2.5, max=3.5):x>", 1),
        ("/<int(signed=True, fixed_digits=2):x>", 2),
        ("/<float(min=0.5, max=0.7):x>", 2),
        ("/<float(min=1e22):x>", 1),
        ("/<any(a, b, c):x>/<any(d, e):y>", 6),
        ("/<any(a, b):x>/<path:y>", 4),
        ("/<uuid:x>", 2),
        ("/<path:p>/edit/", 2),
        ("/a-<x>.js", 2),
        // No path matches these.
        ("/<int(min=5, max=4):x>", 0),
        ("/<int(fixed_digits=1, min=10):x>", 0),
        ("/<any('a/b'):x>", 0),
        ("/<string(length=1000000):x>", 0),
    ];
    for (text, count) in table {
        let rule = Rule::parse(text).unwrap();
        let paths = rule.sample_paths();
        assert_eq!(paths.len(), *count, "{text} {paths:?}");
        let map = map(&[text]);
        assert!(paths.iter().all(|path| rule.matches(path) && map.matches(path)), "{text} {paths:?}");
    }
    let deep = Rule::parse("/<path:p>").unwrap().sample_paths();
    assert!(deep.iter().any(|path| path.matches('/').count() == 1), "{deep:?}");
    assert!(deep.iter().any(|path| path.matches('/').count() > 1), "{deep:?}");
    let values: Vec<_> = (0..1000).map(|number| format!("v{number}")).collect();
    let many = Rule::parse(&format!("/<any({}):x>", values.join(","))).unwrap();
    assert_eq!(many.sample_paths().len(), 256);
}

/// Runs what would not end at all with any backtracking.
fn soon(what: &str, act: impl FnOnce() + Send + 'static) {
    let running = thread::spawn(act);
    for _ in 0..600 {
        if running.is_finished() {
            return running.join().unwrap();
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}: not over after a minute");
}

#[test]
fn no_path_makes_the_search_explode() {
    soon("paths within paths", || {
        let segments = format!("{}!", "/a".repeat(30_000));
        let mut map = RouteMap::new();
        for number in 0..20 {
            let middle: String = (0..8).map(|place| format!("<path:p{place}>/a/")).collect();
            map.add(Rule::parse(&format!("/{middle}x{number}")).unwrap());
        }
        for number in 0..50 {
            let start: String = (0..number).map(|place| format!("<v{place}>/")).collect();
            map.add(Rule::parse(&format!("/{start}<path:p>/x")).unwrap());
        }
        assert_eq!(map.test(&segments), No);
        assert!(!map.opens_template(&segments, "/<a>"));
    });
    soon("literal or variable at each segment", || {
        let mut map = RouteMap::new();
        for bits in 0_u32..4096 {
            let rule: String = (0..12)
                .map(|bit| if bits >> bit & 1 == 1 { "/a".to_owned() } else { format!("/<v{bit}>") })
                .collect();
            map.add(Rule::parse(&format!("{rule}/end")).unwrap());
        }
        assert_eq!(map.test(&format!("{}/other", "/a".repeat(12))), No);
        assert_eq!(map.test(&format!("{}/end", "/a".repeat(12))), Yes);
    });
    soon("variables side by side", || {
        let variables: String = (0..12).map(|place| format!("<v{place}>-")).collect();
        let map = map(&[&format!("/{variables}x"), "/<int:a><int:b><int:c><int:d>x"]);
        assert_eq!(map.test(&format!("/{}", "-".repeat(60_000))), No);
        assert_eq!(map.test(&format!("/{}", "1".repeat(60_000))), No);
    });
    soon("slashes", || {
        let map = map(&["/<path:p>/", "/<path:a>/<path:b>/", "/a/"]);
        assert_eq!(map.test(&"/".repeat(60_000)), No);
        assert_eq!(map.test(&format!("/a{}", "/".repeat(60_000))), Redirect);
    });
}

#[test]
fn a_rule_of_any_length_is_read_and_dropped() {
    let rule = "/<x>".replace('x', "a") + &"/b".repeat(200_000);
    let map = map(&[&rule]);
    assert_eq!(map.test("/a/b"), No);
}

const PIECES: [&str; 24] = [
    "/",
    "/",
    "a",
    "b",
    "-",
    ".js",
    "é",
    "\n",
    "<x>",
    "<int:i>",
    "<int(max=5):j>",
    "<path:p>",
    "<path:q>",
    "<y>",
    "<string(length=2):s>",
    "<any(a,b,'é'):n>",
    "<float:f>",
    "<uuid:u>",
    "<",
    ">",
    "(",
    "12",
    "1.5",
    "%2F",
];

fn text(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(pieces), 0..most).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics(rules in proptest::collection::vec(any::<String>(), 0..4), path: String, template: String) {
        let mut map = RouteMap::new();
        for rule in rules {
            for text in [format!("/{rule}"), format!("/<any({rule}):x>"), format!("/<int({rule}):x>"), rule] {
                match Rule::parse(&text) {
                    Ok(rule) => {
                        prop_assert!(rule.sample_paths().iter().all(|path| rule.matches(path)));
                        map.add(rule);
                    }
                    Err(refused) => prop_assert!(refused.to_string().contains(&text)),
                }
            }
        }
        let _ = (map.test(&path), map.opens_template(&path, &template));
    }

    #[test]
    fn the_map_agrees_with_its_rules(
        rules in proptest::collection::vec(text(&PIECES, 8), 1..6),
        paths in proptest::collection::vec(text(&PIECES, 8), 1..6),
    ) {
        let rules: Vec<_> = rules.iter().filter_map(|rule| Rule::parse(&format!("/{rule}")).ok()).collect();
        let mut map = RouteMap::new();
        rules.iter().cloned().for_each(|rule| map.add(rule));
        let samples = rules.iter().flat_map(Rule::sample_paths);
        for path in paths.into_iter().map(|path| format!("/{path}")).chain(samples) {
            let matching: Vec<_> = rules.iter().filter(|rule| rule.matches(&path)).collect();
            // A map that matches does so by one of its rules alone, never by a mixture of them.
            prop_assert!(!map.matches(&path) || !matching.is_empty());
            if let [only] = rules.as_slice() {
                prop_assert_eq!(map.matches(&path), only.matches(&path));
            }
            for template in ["/<a>", "/a/<b>", "/<a>/b", "/a-<b>"] {
                let meant = map.matches(&path) && matching.iter().any(|rule| rule.covers(template));
                prop_assert_eq!(map.opens_template(&path, template), meant);
            }
        }
    }
}
