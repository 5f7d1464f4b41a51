//! What a client sent, looked at in place: a body may be large, and little of it is compared.

use serde_json::Value;

/// A parsed JSON value, whoever parsed it.
pub trait Sent: Sized {
    /// Returns the text, `None` for anything else.
    fn text(&self) -> Option<&str>;

    /// Returns the items of a list, `None` for anything else.
    fn items(&self) -> Option<Vec<Self>>;

    /// Returns how many members an object has, `None` for anything else.
    fn members(&self) -> Option<usize>;

    /// Returns a member of an object.
    fn member(&self, name: &str) -> Option<Self>;

    /// Returns a text, a number or a flag as it is compared; `None` for anything else.
    fn scalar(&self) -> Option<Value>;

    /// Tells whether this is null.
    fn is_null(&self) -> bool;

    /// Tells whether JSON can hold this; what is in a list or an object is not looked at.
    fn is_json(&self) -> bool;
}

impl Sent for &Value {
    fn text(&self) -> Option<&str> {
        self.as_str()
    }

    fn items(&self) -> Option<Vec<Self>> {
        self.as_array().map(|list| list.iter().collect())
    }

    fn members(&self) -> Option<usize> {
        self.as_object().map(serde_json::Map::len)
    }

    fn member(&self, name: &str) -> Option<Self> {
        self.as_object()?.get(name)
    }

    fn scalar(&self) -> Option<Value> {
        matches!(self, Value::String(_) | Value::Number(_) | Value::Bool(_)).then(|| (*self).clone())
    }

    fn is_null(&self) -> bool {
        Value::is_null(self)
    }

    fn is_json(&self) -> bool {
        true
    }
}
