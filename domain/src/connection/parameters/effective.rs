//! A configuration as a list of its parameters, defaults included and secrets not.

use std::time::Duration;

use serde_json::Value;

use super::{parameter::Parameter, refuse::KEPT_SECRET};
use crate::connection::config::{Address, ConnectionConfig, Password};

/// What is in force, parameter by parameter. What is not set and has no default is left out.
pub fn effective(config: &ConnectionConfig) -> Vec<(Parameter, Value)> {
    let mut list: Vec<(Parameter, Value)> = vec![(Parameter::Type, config.engine.name.into())];
    let text = |path: &std::path::Path| Value::from(path.to_string_lossy().into_owned());
    let is_server = match &config.address {
        Address::Tcp { host, port } => {
            list.push((Parameter::Host, host.as_str().into()));
            list.push((Parameter::Port, (*port).into()));
            true
        }
        Address::Socket { path, port } => {
            list.push((Parameter::Host, text(path)));
            list.push((Parameter::Port, (*port).into()));
            true
        }
        Address::File(path) => {
            list.push((Parameter::Name, text(path)));
            false
        }
        Address::Memory => {
            list.push((Parameter::Name, ":memory:".into()));
            false
        }
    };
    if let Some(database) = &config.database {
        list.push((Parameter::Name, database.as_str().into()));
    }
    if let Some(user) = &config.user {
        list.push((Parameter::User, user.as_str().into()));
    }
    match &config.password {
        Some(Password::Given(_)) => list.push((Parameter::Password, KEPT_SECRET.into())),
        Some(Password::File(path)) => list.push((Parameter::PasswordFile, text(path))),
        None => {}
    }
    if is_server {
        list.push((Parameter::SslMode, config.tls.mode.as_str().into()));
        for (parameter, path) in [
            (Parameter::SslCa, &config.tls.ca),
            (Parameter::SslCert, &config.tls.certificate),
            (Parameter::SslKey, &config.tls.key),
        ] {
            if let Some(path) = path {
                list.push((parameter, text(path)));
            }
        }
    }
    let pool = &config.pool;
    list.push((Parameter::MaxConnections, pool.max_connections.into()));
    list.push((Parameter::MinConnections, pool.min_connections.into()));
    for (parameter, time) in [
        (Parameter::IdleTimeout, pool.idle_timeout),
        (
            Parameter::MaxLifetime,
            pool.max_lifetime.unwrap_or_default(),
        ),
        (Parameter::ConnectionTimeout, pool.connect_timeout),
        (Parameter::AcquireTimeout, pool.acquire_timeout),
        (Parameter::StatementTimeout, config.statement_timeout),
    ] {
        list.push((parameter, milliseconds(time)));
    }
    if !config.attached.is_empty() {
        let files = config.attached.iter();
        let files: Vec<_> = files
            .map(|one| format!("{}={}", one.name, one.path.display()))
            .collect();
        list.push((Parameter::Attach, files.join(",").into()));
    }
    if let Some(masking) = &config.masking {
        list.push((Parameter::Mask, masking.rules.to_string().into()));
    }
    list.push((Parameter::ReadOnly, config.policy.is_read_only().into()));
    for allowance in config.policy.allowances.iter() {
        list.push((Parameter::granting(allowance), true.into()));
    }
    list.push((Parameter::MaxRows, config.max_rows.into()));
    list.push((Parameter::MaxBytes, config.max_bytes.into()));
    if let Some(rows) = config.max_estimated_rows {
        list.push((Parameter::MaxEstimatedRows, rows.into()));
    }
    if let Some(schema) = &config.schema {
        list.push((Parameter::Schema, schema.as_str().into()));
    }
    if is_server {
        list.push((Parameter::TimeZone, config.time_zone.as_str().into()));
    }
    if config.engine.poolers {
        list.push((Parameter::Pooler, config.pooler.into()));
    }
    if let Some(mapping) = &config.row_security {
        list.push((Parameter::RowSecurity, mapping.to_json()));
        if !mapping.functions.is_empty() {
            let functions = mapping.functions.join(",");
            list.push((Parameter::RowSecurityFunctions, functions.into()));
        }
    }
    list
}

fn milliseconds(time: Duration) -> Value {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}
