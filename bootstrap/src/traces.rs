//! Where traces are sent, from the variables that OpenTelemetry has for every program.
//!
//! They are those of a whole platform: what cannot be used of them is told, and stops nothing. Headers and batches the
//! library reads itself, as it has them.

use std::time::Duration;

use adapters::{
    outbound::{Sampling, Statements, TraceOptions},
    web::{Authorities, WebOptions},
};
use domain::connection::Mistake;

use crate::environment::Environment;

/// How long a collector may take, unless it is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Spans that wait at most, unless it is said.
const ROOM: usize = 2_048;

/// As many as anybody has a use for: each takes about a kilobyte.
const MOST_ROOM: usize = 1 << 20;

/// What of it is to be done, and what of it cannot be.
#[derive(Debug, Default)]
pub struct Wanted {
    /// `None` if no collector is named, or it cannot be reached as it is asked for.
    pub options: Option<TraceOptions>,
    pub mistakes: Vec<Mistake>,
}

impl Wanted {
    /// `statements` is what may be told of a statement.
    pub fn read(environment: &Environment, statements: Statements) -> Self {
        let mut variables = Variables {
            environment,
            mistakes: Vec::new(),
        };
        Self {
            options: variables.options(statements),
            mistakes: variables.mistakes,
        }
    }
}

struct Variables<'a> {
    environment: &'a Environment,
    mistakes: Vec<Mistake>,
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.environment.get_filled(name).map(str::trim)
    }

    /// A variable for traces counts before the one for everything.
    fn of_exporter(&self, word: &str) -> Option<(String, &str)> {
        [
            format!("OTEL_EXPORTER_OTLP_TRACES_{word}"),
            format!("OTEL_EXPORTER_OTLP_{word}"),
        ]
        .into_iter()
        .find_map(|name| {
            let value = self.get(&name)?;
            Some((name, value))
        })
    }

    fn is_off(&self) -> bool {
        self.get("OTEL_SDK_DISABLED")
            .is_some_and(|word| word.eq_ignore_ascii_case("true"))
            || self.get("OTEL_TRACES_EXPORTER") == Some("none")
    }

    fn options(&mut self, statements: Statements) -> Option<TraceOptions> {
        let (name, given) = self.of_exporter("ENDPOINT")?;
        if self.is_off() {
            return None;
        }
        let is_whole = name.contains("_TRACES_");
        let endpoint = if is_whole {
            given.to_owned()
        } else {
            format!("{}/v1/traces", given.trim_end_matches('/'))
        };
        let is_tls = endpoint.starts_with("https://");
        if !is_tls && !endpoint.starts_with("http://") {
            let mistake = Mistake::new(&name, "is no URL, and no traces are sent");
            self.mistakes.push(
                mistake.expected("the URL of an OTLP receiver, such as http://127.0.0.1:4318"),
            );
            return None;
        }
        if let Some((name, protocol)) = self.of_exporter("PROTOCOL")
            && protocol != "http/protobuf"
        {
            let mistake = Mistake::new(&name, "is not spoken here, and no traces are sent");
            self.mistakes
                .push(mistake.expected("http/protobuf, and the port for it, which often is 4318"));
            return None;
        }
        let authorities = self.authorities()?;
        Some(TraceOptions {
            endpoint,
            web: WebOptions {
                authorities,
                timeout: self.timeout(),
                is_tls,
                keeps_connections: true,
            },
            service: self.service(),
            sampling: self.sampling(),
            room: self.room(),
            statements,
        })
    }

    /// `None` if they cannot be had: others than those that were asked for are not trusted instead.
    fn authorities(&mut self) -> Option<Authorities> {
        let Some((name, path)) = self.of_exporter("CERTIFICATE") else {
            return Some(Authorities::System);
        };
        let found = std::fs::read(path)
            .ok()
            .and_then(|pem| Authorities::from_pem(&pem));
        if found.is_none() {
            let mistake = Mistake::new(&name, "cannot be read, and no traces are sent");
            self.mistakes
                .push(mistake.expected("a PEM file with certificates"));
        }
        found
    }

    fn timeout(&mut self) -> Duration {
        let Some((name, text)) = self.of_exporter("TIMEOUT") else {
            return TIMEOUT;
        };
        match text.parse() {
            Ok(milliseconds) if milliseconds > 0 => Duration::from_millis(milliseconds),
            _ => {
                let mistake = Mistake::new(&name, "is left out of account");
                self.mistakes
                    .push(mistake.expected("a whole number of milliseconds from 1"));
                TIMEOUT
            }
        }
    }

    /// `None` where the attributes of the resource name one, which the library reads.
    fn service(&self) -> Option<String> {
        if let Some(name) = self.get("OTEL_SERVICE_NAME") {
            return Some(name.to_owned());
        }
        let is_named = self
            .get("OTEL_RESOURCE_ATTRIBUTES")
            .into_iter()
            .flat_map(|attributes| attributes.split(','))
            .any(|attribute| {
                attribute
                    .split_once('=')
                    .is_some_and(|(key, _)| key.trim() == "service.name")
            });
        (!is_named).then(|| "portolan".to_owned())
    }

    fn room(&mut self) -> usize {
        let name = "OTEL_BSP_MAX_QUEUE_SIZE";
        let Some(text) = self.get(name) else {
            return ROOM;
        };
        match text.parse() {
            Ok(room) if (1..=MOST_ROOM).contains(&room) => room,
            _ => {
                let mistake = Mistake::new(name, "is left out of account");
                self.mistakes
                    .push(mistake.expected("a whole number of spans from 1 to 1,048,576"));
                ROOM
            }
        }
    }

    fn sampling(&mut self) -> Sampling {
        let usual = Sampling::default();
        let Some(word) = self.get("OTEL_TRACES_SAMPLER") else {
            return usual;
        };
        let by_parent = word.starts_with("parentbased_");
        let ratio = match word.trim_start_matches("parentbased_") {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => self.ratio(),
            _ => {
                let mistake = Mistake::new("OTEL_TRACES_SAMPLER", "is left out of account");
                self.mistakes.push(mistake.expected(
                    "always_on, always_off, traceidratio, or one of them after parentbased_",
                ));
                return usual;
            }
        };
        Sampling { ratio, by_parent }
    }

    fn ratio(&mut self) -> f64 {
        let Some(text) = self.get("OTEL_TRACES_SAMPLER_ARG") else {
            return 1.0;
        };
        match text.parse() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
            _ => {
                let mistake = Mistake::new("OTEL_TRACES_SAMPLER_ARG", "is left out of account");
                self.mistakes.push(mistake.expected("a number from 0 to 1"));
                1.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Wanted {
        Wanted::read(
            &variables.iter().copied().collect(),
            Statements::Fingerprint,
        )
    }

    fn endpoint(variables: &[(&str, &str)]) -> Option<String> {
        read(variables).options.map(|options| options.endpoint)
    }

    const SERVER: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn nothing_is_sent_unless_a_collector_is_named() {
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&[("OTEL_SERVICE_NAME", "a")]), None);
        assert_eq!(endpoint(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]), None);
        assert_eq!(endpoint(&[SERVER, ("OTEL_SDK_DISABLED", "TRUE")]), None);
        assert_eq!(endpoint(&[SERVER, ("OTEL_TRACES_EXPORTER", "none")]), None);
    }

    #[test]
    fn the_url_for_traces_is_taken_as_it_is_and_the_other_gets_their_path() {
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://other/a");
        assert_eq!(
            endpoint(&[SERVER]).as_deref(),
            Some("http://collector:4318/v1/traces")
        );
        assert_eq!(
            endpoint(&[SERVER, whole]).as_deref(),
            Some("https://other/a")
        );
    }

    #[test]
    fn what_cannot_be_spoken_is_told_and_nothing_is_sent() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4317"),
        ] {
            let wanted = read(&[SERVER, (name, value)]);
            assert!(wanted.options.is_none(), "{name}");
            assert_eq!(wanted.mistakes.len(), 1, "{name}");
            assert_eq!(wanted.mistakes[0].key, name);
        }
    }

    #[test]
    fn a_mistake_beside_it_is_told_and_the_usual_is_done() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ] {
            let wanted = read(&[SERVER, (name, value)]);
            let options = wanted.options.unwrap();
            assert_eq!(options.sampling, Sampling::default());
            assert_eq!(options.web.timeout, TIMEOUT);
            assert_eq!(options.room, ROOM);
            assert_eq!(wanted.mistakes[0].key, name);
        }
    }

    #[test]
    fn samplers_have_the_names_of_the_standard() {
        for (word, argument, ratio, by_parent) in [
            ("always_on", "", 1.0, false),
            ("always_off", "", 0.0, false),
            ("traceidratio", "0.25", 0.25, false),
            ("traceidratio", "7", 1.0, false),
            ("parentbased_always_on", "", 1.0, true),
            ("parentbased_always_off", "", 0.0, true),
            ("parentbased_traceidratio", "0.5", 0.5, true),
        ] {
            let wanted = read(&[
                SERVER,
                ("OTEL_TRACES_SAMPLER", word),
                ("OTEL_TRACES_SAMPLER_ARG", argument),
            ]);
            let expected = Sampling { ratio, by_parent };
            assert_eq!(wanted.options.unwrap().sampling, expected, "{word}");
        }
    }

    #[test]
    fn the_service_is_portolan_unless_it_is_named() {
        let service = |variable| read(&[SERVER, variable]).options.unwrap().service;
        assert_eq!(service(("A", "b")).as_deref(), Some("portolan"));
        assert_eq!(service(("OTEL_SERVICE_NAME", "x")).as_deref(), Some("x"));
        let attributes = "a=b,service.name=y";
        assert_eq!(service(("OTEL_RESOURCE_ATTRIBUTES", attributes)), None);
    }
}
