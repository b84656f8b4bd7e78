//! A place in a trace: that of a client's call, as W3C Trace Context writes it, or of one of ours.

/// The longest `tracestate` that is kept: as much as the standard asks everybody to pass on.
const LONGEST_STATE: usize = 512;

/// A `traceparent` and its `tracestate`: <https://www.w3.org/TR/trace-context/>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    pub trace: u128,
    /// Whatever begins in it is below this span.
    pub span: u64,
    /// Whether whoever began the span records it.
    pub sampled: bool,
    /// What others who trace have to say, as it came; empty if nothing.
    pub state: String,
}

/// How a request was told apart from others by who sent it: what a client's own traces know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Its id, as a text.
    pub request: String,
    /// Of a client that has one.
    pub session: Option<String>,
    /// The revision of the protocol.
    pub protocol: Option<String>,
}

impl TraceContext {
    /// Nothing, if it is not one: what cannot be read is left out of a trace and never fails a call.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = hex(parts.next()?, 2)?;
        // A version to come may add parts; this one has none, and the highest is forbidden.
        let is_known = version < 0xff && (version > 0 || parts.next().is_none());
        (is_known && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
            state: String::new(),
        })
    }

    /// With what came beside it.
    #[must_use]
    pub fn with_state(mut self, tracestate: Option<&str>) -> Self {
        if let Some(state) = tracestate.filter(|state| state.len() <= LONGEST_STATE) {
            state.clone_into(&mut self.state);
        }
        self
    }
}

/// Lower case only, as the standard has it.
fn hex(digits: &str, length: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == length && digits.bytes().all(is_hex))
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_writes_it() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let read = |sampled| {
            Some(TraceContext {
                trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
                span: 0x00f0_67aa_0ba9_02b7,
                sampled,
                state: String::new(),
            })
        };
        for (text, expected) in [
            (format!("00-{trace}-00f067aa0ba902b7-01"), read(true)),
            (format!("00-{trace}-00f067aa0ba902b7-00"), read(false)),
            (format!("cc-{trace}-00f067aa0ba902b7-01-more"), read(true)),
            (format!("00-{trace}-00f067aa0ba902b7-01-more"), None),
            (format!("ff-{trace}-00f067aa0ba902b7-01"), None),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (format!("00-{trace}-0000000000000000-01"), None),
            (
                format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
                None,
            ),
            (format!("00-{trace}-00f067aa0ba902b7"), None),
            (String::new(), None),
        ] {
            assert_eq!(TraceContext::parse(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_state_that_is_too_long_is_left_out() {
        let context = TraceContext::parse(&format!("00-{:032x}-{:016x}-01", 1, 2)).unwrap();
        for (length, kept) in [(512, 512), (513, 0)] {
            let state = "a".repeat(length);
            assert_eq!(context.clone().with_state(Some(&state)).state.len(), kept);
        }
    }
}
