//! What the service does, told through ports.
