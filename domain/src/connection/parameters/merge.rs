//! Several sources about one connection become one set of parameters: the later wins, parameter by parameter.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use super::{
    check::{Checked, check, mistake_at},
    given::{Given, Origin},
    layer::Layer,
    parameter::{Kind, Parameter},
    refuse::{KEPT_SECRET, refuse},
    url::read_url,
};
use crate::connection::{engine::EngineFacts, mistake::Mistake};

/// A checked parameter and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) value: Checked,
    pub(super) given: Given,
}

/// What all sources together say.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) slots: BTreeMap<Parameter, Slot>,
    /// Given, but not well: not to be reported as missing too.
    pub(super) unusable: BTreeSet<Parameter>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) notes: Vec<String>,
}

impl Merged {
    pub(super) fn of(layers: &[Layer], engines: &[EngineFacts]) -> Self {
        let mut merged = Self::default();
        for layer in layers {
            merged.add(layer, engines);
        }
        merged
    }

    fn add(&mut self, layer: &Layer, engines: &[EngineFacts]) {
        self.mistakes.extend(layer.mistakes.iter().cloned());
        self.unusable.extend(&layer.unusable);
        let mut here = BTreeMap::new();
        let mut has_url = false;
        for given in &layer.given {
            if given.parameter == Parameter::Url {
                has_url = true;
                self.add_url(given, layer.origin, engines, &mut here);
            }
        }
        for given in &layer.given {
            if given.parameter != Parameter::Url {
                self.add_one(given, layer.origin, engines, &mut here);
            }
        }
        self.contradictions(layer, &here);
        self.make_room(&here, has_url);
        self.slots.extend(here);
    }

    fn add_url(
        &mut self,
        given: &Given,
        origin: Origin,
        engines: &[EngineFacts],
        here: &mut BTreeMap<Parameter, Slot>,
    ) {
        if let Some(mistake) = refuse(given, origin) {
            self.mistakes.push(mistake);
            self.unusable.insert(Parameter::Url);
            return;
        }
        let reading = read_url(given, engines);
        if !reading.mistakes.is_empty() {
            self.unusable.insert(Parameter::Url);
        }
        self.mistakes.extend(reading.mistakes);
        self.notes.extend(reading.notes);
        for part in &reading.parts {
            self.add_one(part, origin, engines, here);
        }
    }

    /// Checks one value and keeps it, unless the same source's URL has given it already.
    fn add_one(
        &mut self,
        given: &Given,
        origin: Origin,
        engines: &[EngineFacts],
        here: &mut BTreeMap<Parameter, Slot>,
    ) {
        if let Some(mistake) = refuse(given, origin) {
            self.mistakes.push(mistake);
            self.unusable.insert(given.parameter);
            return;
        }
        let value = match check(given, engines) {
            Ok(value) => value,
            Err(mistake) => {
                self.mistakes.push(mistake);
                self.unusable.insert(given.parameter);
                return;
            }
        };
        let slot = Slot {
            value,
            given: given.clone(),
        };
        match here.get(&given.parameter) {
            Some(in_url) if !agree(&in_url.value, &slot.value) => {
                self.mistakes.push(contradiction(given, &in_url.given));
            }
            Some(_) if given.parameter != Parameter::Type => {
                let other = here
                    .get(&given.parameter)
                    .map(|slot| slot.given.key.clone());
                self.mistakes.push(mistake_at(
                    given,
                    format!(
                        "Is already in `{}`; leave one of them out.",
                        other.unwrap_or_default()
                    ),
                ));
            }
            Some(_) => {}
            None => {
                here.insert(given.parameter, slot);
            }
        }
    }

    /// Parameters of one source that cannot both be meant.
    fn contradictions(&mut self, layer: &Layer, here: &BTreeMap<Parameter, Slot>) {
        let url = layer
            .given
            .iter()
            .find(|given| given.parameter == Parameter::Url);
        if let Some(url) = url {
            // The address is one thing: half of it cannot stand elsewhere.
            for parameter in [Parameter::Host, Parameter::Port] {
                let beside = here
                    .get(&parameter)
                    .filter(|slot| slot.given.part.is_none());
                if let Some(slot) = beside {
                    self.mistakes.push(contradiction(&slot.given, url));
                }
            }
        }
        if let (Some(password), Some(file)) = (
            here.get(&Parameter::Password),
            here.get(&Parameter::PasswordFile),
        ) {
            self.mistakes
                .push(contradiction(&file.given, &password.given));
        }
        if let (Some(ssl), Some(mode)) = (here.get(&Parameter::Ssl), here.get(&Parameter::SslMode))
            && let (Checked::Boolean(ssl_on), Checked::TlsMode(wanted)) = (&ssl.value, &mode.value)
        {
            use crate::connection::config::TlsMode;
            let encrypted = !matches!(wanted, TlsMode::Disable | TlsMode::Prefer);
            let fits = if *ssl_on {
                encrypted
            } else {
                *wanted == TlsMode::Disable
            };
            if !fits {
                self.mistakes.push(contradiction(&ssl.given, &mode.given));
            }
        }
    }

    /// Drops what earlier sources said about something that this one says as a whole.
    fn make_room(&mut self, here: &BTreeMap<Parameter, Slot>, has_url: bool) {
        let mut drop = Vec::new();
        if has_url && here.contains_key(&Parameter::Type) {
            drop.extend([Parameter::Host, Parameter::Port]);
            if !agree_on_engine(here.get(&Parameter::Type), self.slots.get(&Parameter::Type)) {
                // Another engine: nothing about how to reach the first one can be meant for it.
                drop.extend(
                    Parameter::ALL
                        .into_iter()
                        .filter(|parameter| parameter.facts().server_only),
                );
                drop.push(Parameter::Name);
            }
        }
        for pair in [
            [Parameter::Password, Parameter::PasswordFile],
            [Parameter::Ssl, Parameter::SslMode],
        ] {
            if pair.iter().any(|parameter| here.contains_key(parameter)) {
                drop.extend(pair);
            }
        }
        for parameter in drop {
            self.slots.remove(&parameter);
        }
    }

    pub(super) fn exported(&self) -> ExportedParameters {
        ExportedParameters(
            self.slots
                .iter()
                .map(|(parameter, slot)| ExportedParameter {
                    parameter: *parameter,
                    value: slot.shown(),
                    key: slot.given.key.clone(),
                })
                .collect(),
        )
    }
}

fn contradiction(one: &Given, other: &Given) -> Mistake {
    mistake_at(
        one,
        format!("Contradicts `{}`; leave one of them out.", other.key),
    )
}

fn agree(one: &Checked, other: &Checked) -> bool {
    match (one, other) {
        (Checked::Engine(one), Checked::Engine(other)) => one.name == other.name,
        (Checked::Text(one), Checked::Text(other)) => one == other,
        (Checked::Whole(one), Checked::Whole(other)) => one == other,
        (Checked::Boolean(one), Checked::Boolean(other)) => one == other,
        (Checked::TlsMode(one), Checked::TlsMode(other)) => one == other,
        (Checked::Path(one), Checked::Path(other)) => one == other,
        // Whether two secrets are equal is nobody's business.
        _ => false,
    }
}

fn agree_on_engine(one: Option<&Slot>, other: Option<&Slot>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => agree(&one.value, &other.value),
        _ => true,
    }
}

impl Slot {
    /// The value for people: a password as the variable it came from, or as three stars.
    fn shown(&self) -> Value {
        match &self.value {
            Checked::Engine(engine) => engine.name.into(),
            Checked::Text(text) => text.as_str().into(),
            Checked::Path(path) => path.to_string_lossy().into_owned().into(),
            Checked::Boolean(value) => (*value).into(),
            Checked::TlsMode(mode) => mode.as_str().into(),
            Checked::Whole(number) => (*number).into(),
            Checked::Columns(rules) => rules.to_string().into(),
            Checked::Secret(_) => match &self.given.variable {
                Some(variable) => format!("${{{variable}}}").into(),
                None => KEPT_SECRET.into(),
            },
        }
    }
}

/// Every parameter of a configuration as given and merged, URLs taken apart, without secrets.
///
/// Serializes as the object that a file or `import_connections` would hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportedParameters(pub Vec<ExportedParameter>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedParameter {
    pub parameter: Parameter,
    /// A password is `***`, or `${VAR}` for one that is a variable of its own.
    pub value: Value,
    /// Where it was given.
    pub key: String,
}

impl ExportedParameters {
    pub fn get(&self, parameter: Parameter) -> Option<&ExportedParameter> {
        self.0
            .iter()
            .find(|exported| exported.parameter == parameter)
    }

    /// A password that is kept from before is one, though the source does not hold it.
    pub(crate) fn note_kept_password(&mut self, key: &str) {
        self.0.push(ExportedParameter {
            parameter: Parameter::Password,
            value: KEPT_SECRET.into(),
            key: key.to_owned(),
        });
        self.0.sort_by_key(|exported| exported.parameter);
    }

    /// What `import_connections` takes: passwords always as `***`, and without what it refuses. The words of what
    /// is left out come second.
    pub(crate) fn importable(&self) -> (serde_json::Map<String, Value>, Vec<&'static str>) {
        use super::parameter::OverMcp;
        let mut object = serde_json::Map::new();
        let mut left_out = Vec::new();
        for ExportedParameter {
            parameter, value, ..
        } in &self.0
        {
            let facts = parameter.facts();
            let refused = match facts.over_mcp {
                OverMcp::Allowed => false,
                OverMcp::Refused => *parameter != Parameter::PasswordFile,
                OverMcp::OnlyTrue => *value == Value::Bool(false),
                OverMcp::OnlyFalse => *value == Value::Bool(true),
            };
            if refused {
                left_out.push(facts.key);
            } else if facts.kind == Kind::Secret || *parameter == Parameter::PasswordFile {
                // From a file or not: the one already known is kept.
                object.insert(
                    Parameter::Password.facts().key.to_owned(),
                    KEPT_SECRET.into(),
                );
            } else {
                object.insert(facts.key.to_owned(), value.clone());
            }
        }
        (object, left_out)
    }
}

impl Serialize for ExportedParameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for exported in &self.0 {
            map.serialize_entry(exported.parameter.facts().key, &exported.value)?;
        }
        map.end()
    }
}
