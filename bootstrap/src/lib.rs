//! Puts the parts together: settings, engines, registry, server.
