//! Which bodies a callback's declaration admits.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test that panics fails, as it should.

use dash_auth::callbacks::{Callback, Dependency, Mismatch, Outputs};
use proptest::prelude::*;
use serde_json::{Value, json};

fn dependency(id: &str, property: &str) -> Dependency {
    Dependency::new(id, property).unwrap()
}

fn button() -> Callback {
    Callback::new(
        vec![dependency("button", "n_clicks")],
        vec![dependency("name", "value")],
        Outputs::Single(dependency("button", "children")),
    )
}

fn honest() -> Value {
    json!({
        "output": "button.children",
        "outputs": {"id": "button", "property": "children"},
        "inputs": [{"id": "button", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["button.n_clicks"],
        "state": [{"id": "name", "property": "value", "value": "x"}],
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut body = honest();
    *body.pointer_mut(path).unwrap() = value;
    body
}

fn without(key: &str) -> Value {
    let mut body = honest();
    body.as_object_mut().unwrap().remove(key);
    body
}

#[test]
fn admits_what_was_declared() {
    assert_eq!(button().admit(&honest()), Ok(()));
    assert_eq!(button().admit(&without("changedPropIds")), Ok(()));
    let mut undefined = honest();
    undefined.pointer_mut("/inputs/0").unwrap().as_object_mut().unwrap().remove("value");
    assert_eq!(button().admit(&undefined), Ok(()));
}

#[test]
fn refuses_whatever_differs() {
    let input = json!({"id": "button", "property": "n_clicks"});
    let cases = [
        (json!([]), Mismatch::Shape),
        (json!("x"), Mismatch::Shape),
        (with("/inputs", json!({})), Mismatch::Shape),
        (with("/inputs", Value::Null), Mismatch::Shape),
        (with("/state", json!(7)), Mismatch::Shape),
        (with("/changedPropIds", json!("button.n_clicks")), Mismatch::Shape),
        (without("inputs"), Mismatch::Inputs),
        (with("/inputs", json!([])), Mismatch::Inputs),
        (with("/inputs", json!([input, input])), Mismatch::Inputs),
        (with("/inputs", json!([[input]])), Mismatch::Inputs),
        (with("/inputs", json!([null])), Mismatch::Inputs),
        (with("/inputs/0/property", json!("pathname")), Mismatch::Inputs),
        (with("/inputs/0/property", json!("n_clicks@1f")), Mismatch::Inputs),
        (with("/inputs/0/property", json!(1)), Mismatch::Inputs),
        (with("/inputs/0/id", json!("other")), Mismatch::Inputs),
        (with("/inputs/0/id", json!({"index": 1})), Mismatch::Inputs),
        (without("state"), Mismatch::State),
        (with("/state/0/id", json!("other")), Mismatch::State),
        (without("outputs"), Mismatch::Outputs),
        (with("/outputs", json!([])), Mismatch::Outputs),
        (with("/outputs", json!([honest()["outputs"]])), Mismatch::Outputs),
        (with("/outputs/id", json!("x")), Mismatch::Outputs),
        (with("/outputs/property", json!("figure")), Mismatch::Outputs),
        (with("/changedPropIds", json!(["x.y"])), Mismatch::ChangedProperties),
        (with("/changedPropIds", json!([{}])), Mismatch::ChangedProperties),
        (with("/changedPropIds", json!(["button"])), Mismatch::ChangedProperties),
    ];
    for (body, mismatch) in cases {
        assert_eq!(button().admit(&body), Err(mismatch), "{body}");
    }
}

#[test]
fn patterns_match_key_by_key() {
    let pattern = |wildcard: &str| format!(r#"{{"index":["{wildcard}"],"type":"row"}}"#);
    let one = |id: Value| json!({"id": id, "property": "value"});
    let body = |sent: Value| json!({"inputs": [sent]});
    let callback =
        |wildcard: &str| Callback::new(vec![dependency(&pattern(wildcard), "value")], vec![], Outputs::None);
    let row = json!({"index": 3, "type": "row"});
    for wildcard in ["ALL", "ALLSMALLER"] {
        let all = callback(wildcard);
        assert_eq!(all.admit(&body(json!([]))), Ok(()));
        assert_eq!(
            all.admit(&body(json!([one(row.clone()), one(json!({"index": "a", "type": "row"}))]))),
            Ok(())
        );
        assert_eq!(all.admit(&body(one(row.clone()))), Err(Mismatch::Inputs));
        assert_eq!(all.admit(&body(json!([[one(row.clone())]]))), Err(Mismatch::Inputs));
    }
    let single = callback("MATCH");
    assert_eq!(single.admit(&body(one(row.clone()))), Ok(()));
    assert_eq!(single.admit(&body(json!([one(row.clone())]))), Err(Mismatch::Inputs));
    for id in [
        json!({"index": 3}),
        json!({"index": 3, "type": "other"}),
        json!({"index": 3, "type": "row", "more": 1}),
        json!({"index": [3], "type": "row"}),
        json!({"index": null, "type": "row"}),
        json!({"index": {"a": 1}, "type": "row"}),
        json!("row"),
    ] {
        assert_eq!(single.admit(&body(one(id.clone()))), Err(Mismatch::Inputs), "{id}");
    }
    let changed = |name: &str| json!({"inputs": [one(row.clone())], "changedPropIds": [name]});
    assert_eq!(single.admit(&changed(r#"{"index":3,"type":"row"}.value"#)), Ok(()));
    assert_eq!(single.admit(&changed(r#"{"index":3,"type":"row".value"#)), Err(Mismatch::ChangedProperties));
    assert_eq!(single.admit(&changed(r#"{"index":3}.value"#)), Err(Mismatch::ChangedProperties));
}

#[test]
fn an_optional_pattern_may_be_absent_as_declared() {
    let id = r#"{"index":["MATCH"],"type":"row"}"#;
    let callback = |optional: bool| {
        Callback::new(vec![], vec![dependency(id, "value").optional(optional)], Outputs::None)
    };
    let body = |id: Value, value: Value| json!({"state": [{"id": id, "property": "value", "value": value}]});
    let wild = json!({"wild": "MATCH"});
    let absent = json!({"index": wild, "type": "row"});
    assert_eq!(callback(true).admit(&body(absent.clone(), Value::Null)), Ok(()));
    assert_eq!(callback(true).admit(&body(json!({"index": 3, "type": "row"}), json!(1))), Ok(()));
    assert_eq!(callback(false).admit(&body(absent.clone(), Value::Null)), Err(Mismatch::State));
    for value in [json!(1), json!(""), json!([]), json!(false)] {
        assert_eq!(callback(true).admit(&body(absent.clone(), value)), Err(Mismatch::State));
    }
    for id in [
        json!({"index": {"wild": "ALL", "multi": 1}, "type": "row"}),
        json!({"index": {"wild": "MATCH", "more": 1}, "type": "row"}),
        json!({"index": {}, "type": "row"}),
        json!({"index": wild, "type": wild}),
        json!({"index": wild}),
        json!("row"),
    ] {
        assert_eq!(callback(true).admit(&body(id.clone(), Value::Null)), Err(Mismatch::State), "{id}");
    }
    let several = dependency(r#"{"index":["ALL"]}"#, "value").optional(true);
    let several = Callback::new(vec![], vec![several], Outputs::None);
    for sent in [json!({"index": {"wild": "ALL", "multi": 1}}), json!({"index": wild})] {
        let sent = json!({"id": sent, "property": "value", "value": null});
        for sent in [json!([sent]), sent] {
            assert_eq!(several.admit(&json!({"state": [sent]})), Err(Mismatch::State));
        }
    }
}

#[test]
fn values_of_a_pattern_keep_their_type() {
    let callback =
        Callback::new(vec![dependency(r#"{"index":1,"on":true}"#, "value")], vec![], Outputs::None);
    let body = |id: Value| json!({"inputs": [{"id": id, "property": "value"}]});
    assert_eq!(callback.admit(&body(json!({"index": 1, "on": true}))), Ok(()));
    assert_eq!(callback.admit(&body(json!({"index": 1, "on": 1}))), Err(Mismatch::Inputs));
    assert_eq!(callback.admit(&body(json!({"index": "1", "on": true}))), Err(Mismatch::Inputs));
}

#[test]
fn outputs_have_the_declared_shape() {
    let two = Outputs::Multiple(vec![dependency("a", "children"), dependency("b", "data")]);
    let callback = Callback::new(vec![], vec![], two);
    let (a, b) = (json!({"id": "a", "property": "children"}), json!({"id": "b", "property": "data@1f"}));
    assert_eq!(callback.admit(&json!({"outputs": [a, b]})), Ok(()));
    for outputs in [json!([a]), json!([b, a]), json!(a), json!(null), json!([a, b, b])] {
        assert_eq!(callback.admit(&json!({"outputs": outputs})), Err(Mismatch::Outputs));
    }
    let none = Callback::new(vec![], vec![], Outputs::None);
    assert_eq!(none.admit(&json!({})), Ok(()));
    assert_eq!(none.admit(&json!({"outputs": [a]})), Err(Mismatch::Outputs));
}

#[test]
fn a_routing_callback_turns_a_location_into_children() {
    let inputs =
        |properties: &[&str]| properties.iter().map(|name| dependency("url", name)).collect::<Vec<_>>();
    let children = || Outputs::Single(dependency("page", "children"));
    for properties in [&["pathname"][..], &["pathname", "search"], &["search", "hash", "pathname"]] {
        assert!(Callback::new(inputs(properties), vec![], children()).is_routing(), "{properties:?}");
    }
    let list = Outputs::Multiple(vec![dependency("page", "children")]);
    assert!(Callback::new(inputs(&["pathname"]), vec![], list).is_routing());

    for properties in [
        &[][..],
        &["search"],
        &["href"],
        &["pathname", "href"],
        &["pathname", "n_clicks"],
        &["pathname", "pathname"],
    ] {
        assert!(!Callback::new(inputs(properties), vec![], children()).is_routing(), "{properties:?}");
    }
    let state = vec![dependency("store", "data")];
    assert!(!Callback::new(inputs(&["pathname"]), state, children()).is_routing());
    let elsewhere = vec![dependency("url", "pathname"), dependency("other", "search")];
    assert!(!Callback::new(elsewhere, vec![], children()).is_routing());
    let pattern = vec![dependency(r#"{"index":["ALL"]}"#, "pathname")];
    assert!(!Callback::new(pattern, vec![], children()).is_routing());
    for outputs in [
        Outputs::None,
        Outputs::Single(dependency("graph", "figure")),
        Outputs::Single(dependency(r#"{"index":["ALL"]}"#, "children")),
        Outputs::Multiple(vec![dependency("page", "children"), dependency("store", "data")]),
        Outputs::Multiple(vec![]),
    ] {
        assert!(!Callback::new(inputs(&["pathname"]), vec![], outputs.clone()).is_routing(), "{outputs:?}");
    }
}

#[test]
fn the_location_is_taken_by_position() {
    let callback = Callback::new(
        vec![dependency("url", "search"), dependency("url", "pathname")],
        vec![],
        Outputs::Single(dependency("page", "children")),
    );
    let body = |search: Value, pathname: Value| json!({"inputs": [{"value": search}, {"value": pathname}]});
    let admitted = body(json!("?a=1"), json!("/x"));
    let location = callback.location(&admitted).unwrap();
    assert_eq!((&*location.pathname, &*location.search), ("/x", "?a=1"));
    assert_eq!(callback.location(&body(Value::Null, json!("/x"))).unwrap().search, "");
    for (search, pathname) in [(json!("?"), json!(1)), (json!([]), json!("/x")), (json!(""), Value::Null)] {
        assert_eq!(callback.location(&body(search, pathname)), None);
    }
}

#[test]
fn a_location_that_no_page_can_have_is_none() {
    let inputs = vec![dependency("url", "search"), dependency("url", "pathname")];
    let callback = Callback::new(inputs, vec![], Outputs::Single(dependency("page", "children")));
    let found = |search: &str, pathname: &str| {
        let body = json!({"inputs": [{"value": search}, {"value": pathname}]});
        callback.location(&body).is_some()
    };
    assert!(found(&"a".repeat(65_536), &"/".repeat(8_192)));
    assert!(!found(&"a".repeat(65_537), "/x"));
    assert!(found(&"&".repeat(999), "/x"));
    assert!(!found(&"&".repeat(1_000), "/x"));
    assert!(!found("", &"/".repeat(8_193)));
    assert!(!found("", &"é".repeat(4_097)));
    for control in ["/a\nb", "/\0", "/\t", "/\u{7f}", "/\u{85}"] {
        assert!(!found("", control), "{control:?}");
    }
}

#[test]
fn an_unreadable_declaration_is_refused() {
    for id in ["{", r#"{"a":["SOME"]}"#, r#"{"a":{}}"#, r#"{"a":null}"#, "{}x"] {
        assert!(Dependency::new(id, "value").is_err(), "{id}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just("button"), Just("n_clicks"), Just("x")].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 5, |inner| {
        let key = prop_oneof![
            Just("inputs"),
            Just("outputs"),
            Just("state"),
            Just("id"),
            Just("property"),
            Just("changedPropIds"),
        ]
        .prop_map(String::from);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_panics_and_what_passes_has_the_declared_inputs(body in any_json()) {
        if button().admit(&body).is_ok() {
            prop_assert_eq!(&body["inputs"][0]["id"], "button");
            prop_assert_eq!(&body["inputs"][0]["property"], "n_clicks");
            prop_assert_eq!(body["inputs"].as_array().map(Vec::len), Some(1));
        }
        let _ = button().location(&body);
    }
}
