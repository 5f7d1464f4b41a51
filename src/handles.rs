//! Handles of background jobs, bound to the callback that they were issued for.
//!
//! A background callback answers with `cacheKey` and `job`, which the browser sends back in the query
//! to ask for the result or to cancel. Dash takes them for whatever callback the body names. So an
//! anonymous visitor is given sealed handles, and may use only those.

use crate::seal;

/// Stands between a handle and its seal.
const SEPARATOR: char = '.';

/// The parameters of the query that take handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// Under which a result is kept.
    CacheKey,
    /// The job.
    Job,
    /// A job that this one takes the place of.
    OldJob,
    /// A job that is to end.
    CancelJob,
}

impl Parameter {
    /// Returns the parameter of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "cacheKey" => Self::CacheKey,
            "job" => Self::Job,
            "oldJob" => Self::OldJob,
            "cancelJob" => Self::CancelJob,
            _ => return None,
        })
    }

    /// Returns the kind of handle that it takes: the name under which that was issued.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::CacheKey => "cacheKey",
            Self::Job | Self::OldJob | Self::CancelJob => "job",
        }
    }
}

/// Seals the handles of one app.
#[derive(Clone, Debug)]
pub struct HandleSeal {
    guard: String,
}

impl HandleSeal {
    /// Names the guard, which tells it from any other that shares the secret.
    #[must_use]
    pub fn new(guard: &str) -> Self {
        Self { guard: guard.to_owned() }
    }

    /// Returns a handle of this kind sealed for the callback with the id `output`.
    #[must_use]
    pub fn seal(&self, secret: &[u8], kind: &str, output: &str, handle: &str) -> String {
        format!("{handle}{SEPARATOR}{}", seal::seal(secret, &self.parts(kind, output, handle)))
    }

    /// Returns the handle if it was issued under one of the secrets, for one of the callbacks.
    #[must_use]
    pub fn unseal<'a>(
        &self,
        secrets: &[&[u8]],
        parameter: Parameter,
        outputs: &[&str],
        sealed: &'a str,
    ) -> Option<&'a str> {
        let (handle, mac) = sealed.rsplit_once(SEPARATOR)?;
        let is_issued = |secret: &&[u8], output: &&str| {
            seal::is_sealed(secret, &self.parts(parameter.kind(), output, handle), mac)
        };
        secrets.iter().any(|secret| outputs.iter().any(|output| is_issued(secret, output))).then_some(handle)
    }

    fn parts<'a>(&'a self, kind: &'a str, output: &'a str, handle: &'a str) -> [&'a str; 5] {
        ["handle", &self.guard, kind, output, handle]
    }
}

#[cfg(test)]
mod tests {
    use super::{HandleSeal, Parameter};

    const KEY: &[u8] = b"key";

    #[test]
    fn a_handle_is_of_its_guard_its_kind_and_its_callback() {
        let handles = HandleSeal::new("guard");
        let sealed = handles.seal(KEY, "job", "a.children", "1.2");
        assert!(sealed.starts_with("1.2."));
        let unseal = |parameter, outputs: &[&str], sealed| handles.unseal(&[KEY], parameter, outputs, sealed);
        for parameter in ["job", "oldJob", "cancelJob"].map(|name| Parameter::named(name).unwrap()) {
            assert_eq!(unseal(parameter, &["b.children", "a.children"], &sealed), Some("1.2"));
            assert_eq!(unseal(parameter, &["b.children"], &sealed), None);
            assert_eq!(unseal(parameter, &[], &sealed), None);
        }
        assert_eq!(unseal(Parameter::CacheKey, &["a.children"], &sealed), None);
        for wrong in ["", "1.2", ".", "1.2.0", &format!("{sealed}0"), &sealed.replacen('1', "3", 1)] {
            assert_eq!(unseal(Parameter::Job, &["a.children"], wrong), None, "{wrong}");
        }
        assert_eq!(HandleSeal::new("other").unseal(&[KEY], Parameter::Job, &["a.children"], &sealed), None);
        let keys: [&[u8]; 2] = [b"new", KEY];
        assert_eq!(handles.unseal(&keys, Parameter::Job, &["a.children"], &sealed), Some("1.2"));
        assert_eq!(handles.unseal(&keys[..1], Parameter::Job, &["a.children"], &sealed), None);
        assert_eq!(Parameter::named("state"), None);
    }
}
