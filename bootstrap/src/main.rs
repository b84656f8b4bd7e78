//! The program: reads the command line and hands over to a command.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use adapters::outbound::TraceOptions;
use bootstrap::{
    assembly::{self, Wanted, assemble, load, statements},
    cli::{
        ApplyArguments, AuditCommand, CallArguments, CheckArguments, Cli, Command,
        DashboardsCommand, NewTokenArguments, ServeArguments, TokenCommand,
    },
    commands::{
        audit, call,
        check::{CheckOptions, check},
        dashboards, demo, health, serve, token,
    },
    configuration::Configuration,
    environment::Environment,
    http::{self, Unserved},
    identity::{NobodySignsIn, ReloadedIdentity, identity},
    logging,
    operations::Operations,
    reload::{Reloadable, Reloading},
    roles::ReloadedRoles,
    settings::Settings,
    tls::{ReloadedCertificate, tls},
    traces,
};
use domain::{Failure, access::Roles, connection::Mistake};

/// The command line or the configuration cannot be used.
const UNUSABLE: u8 = 2;

// One thread does the waiting for everything: a call hands its answer from task to task, and waking another thread
// for each of these steps would cost more than the steps. What blocks has threads of its own.
fn main() -> ExitCode {
    let command = match Cli::read(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime.and_then(|runtime| {
        let done = runtime.block_on(run(command));
        // A thread that reads a file which never answers, such as a pipe, must not keep the process.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(code) => ExitCode::from(code),
        // Whoever read the output has gone away, which is not our failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> io::Result<u8> {
    match command {
        Command::Serve(arguments) => serve(arguments).await,
        Command::Check(arguments) => check_all(arguments).await,
        Command::Call(arguments) => call_one(arguments).await,
        Command::Token(TokenCommand::New(arguments)) => new_token(&arguments),
        Command::Audit(AuditCommand::Verify(arguments)) => match audit::verify_files(&arguments) {
            Ok(report) => {
                io::stdout().write_all(report.text.as_bytes())?;
                Ok(report.exit_code)
            }
            Err(explanation) => {
                complain(&explanation);
                Ok(UNUSABLE)
            }
        },
        Command::Health(arguments) => {
            let checked = health::run(&arguments);
            writeln!(io::stdout(), "{}", checked.text)?;
            Ok(checked.exit_code)
        }
        Command::Dashboards(DashboardsCommand::Apply(arguments)) => apply(&arguments),
        Command::Demo => demo::run(&mut io::stdout().lock()).await.map(|()| 0),
    }
}

async fn serve(arguments: ServeArguments) -> io::Result<u8> {
    let here = std::env::current_dir()?;
    let urls = arguments.urls();
    let wanted = Wanted {
        config: arguments.sources.config.as_deref(),
        urls: &urls,
        tools: arguments.tools.as_deref(),
        http: arguments.http.as_deref(),
        demo: arguments.demo,
    };
    let configuration = load(&wanted, &here);
    let Some((mut settings, roles)) = usable(&configuration) else {
        return Ok(UNUSABLE);
    };
    settings.metrics_addr = arguments.metrics_addr.or(settings.metrics_addr);
    let has_roles = roles.is_some();
    let identity = if settings.http_address.is_some() {
        let Ok(identity) = identity(&configuration) else {
            // Its mistakes are among them, and told once.
            for mistake in mistakes(&configuration) {
                complain(&mistake.to_string());
            }
            return Ok(UNUSABLE);
        };
        identity
    } else {
        None
    };
    let _log = logging::start(&settings);
    tell_mistakes(&configuration);
    let traces = traces(&settings);
    let tls = match tls(&settings, &here) {
        Ok(tls) => tls.filter(|_| settings.http_address.is_some()),
        Err(failure) => return Ok(unusable(&failure)),
    };
    let assembly = match assemble(
        &settings,
        configuration.known,
        roles,
        traces,
        &here,
        wanted.demo,
    )
    .await
    {
        Ok(assembly) => assembly,
        Err(failure) => return Ok(unusable(&failure)),
    };
    // Over HTTP there is always something: a signal that means reading again must not end what many are served by.
    let serves_http = settings.http_address.is_some();
    let mut parts: Vec<Arc<dyn Reloadable>> = Vec::new();
    match &identity {
        Some(identity) => parts.push(Arc::new(ReloadedIdentity(Arc::clone(identity)))),
        None if serves_http => parts.push(Arc::new(NobodySignsIn)),
        None => {}
    }
    if has_roles || serves_http {
        parts.push(Arc::new(ReloadedRoles(Arc::clone(&assembly.access))));
    }
    if let Some(tls) = &tls {
        parts.push(Arc::new(ReloadedCertificate(Arc::clone(tls))));
    }
    let http = match http::listen(&settings, &assembly, identity, tls).await {
        Ok(http) => http,
        Err(unserved) => {
            assembly.close().await;
            return match unserved {
                Unserved::Refused(failure) => Ok(unusable(&failure)),
                Unserved::Io(error) => Err(error),
            };
        }
    };
    let operations = match Operations::start(&assembly, &settings).await {
        Ok(operations) => operations,
        Err(failure) => {
            assembly.close().await;
            return Ok(unusable(&failure));
        }
    };
    let stdio = arguments.stdio || http.is_none();
    let reloading = Reloading::new(parts, move || {
        load(
            &Wanted {
                config: arguments.sources.config.as_deref(),
                urls: &urls,
                tools: arguments.tools.as_deref(),
                http: arguments.http.as_deref(),
                demo: arguments.demo,
            },
            &here,
        )
    });
    let served = serve::run(assembly, stdio, http, reloading).await;
    operations.stop().await;
    served.map(|()| 0)
}

fn apply(arguments: &ApplyArguments) -> io::Result<u8> {
    let applied = dashboards::apply(arguments, &Environment::of_process());
    io::stdout().write_all(applied.text.as_bytes())?;
    if let Some(why) = applied.failed {
        complain(&why);
    }
    Ok(applied.exit_code)
}

fn new_token(arguments: &NewTokenArguments) -> io::Result<u8> {
    match token::new(arguments, SystemTime::now()) {
        Ok(text) => io::stdout().write_all(text.as_bytes()).map(|()| 0),
        Err(mistakes) => {
            for mistake in mistakes {
                complain(&mistake.to_string());
            }
            Ok(UNUSABLE)
        }
    }
}

async fn check_all(arguments: CheckArguments) -> io::Result<u8> {
    let here = std::env::current_dir()?;
    let urls = arguments.urls();
    let wanted = Wanted {
        config: arguments.sources.config.as_deref(),
        urls: &urls,
        tools: None,
        http: None,
        demo: false,
    };
    let options = CheckOptions {
        connect: arguments.connect,
        json: arguments.json,
    };
    let outcome = check(load(&wanted, &here), options, &here, assembly::connector).await;
    io::stdout().write_all(outcome.report.as_bytes())?;
    Ok(outcome.exit_code)
}

async fn call_one(arguments: CallArguments) -> io::Result<u8> {
    let here = std::env::current_dir()?;
    let wanted = Wanted {
        config: arguments.sources.config.as_deref(),
        urls: arguments.sources.urls(),
        tools: Some("full"),
        http: None,
        demo: arguments.demo,
    };
    let configuration = load(&wanted, &here);
    for mistake in mistakes(&configuration) {
        complain(&mistake.to_string());
    }
    let Some((settings, roles)) = usable(&configuration) else {
        return Ok(UNUSABLE);
    };
    if configuration.unread {
        // Without what it says, the answer would be about something else.
        return Ok(UNUSABLE);
    }
    let _log = logging::start(&settings);
    let traces = traces(&settings);
    let assembly = match assemble(
        &settings,
        configuration.known,
        roles,
        traces,
        &here,
        wanted.demo,
    )
    .await
    {
        Ok(assembly) => assembly,
        Err(failure) => return Ok(unusable(&failure)),
    };
    let called = call::run(assembly, &arguments.tool, &arguments.arguments).await;
    if called.exit_code == UNUSABLE {
        complain(&called.text);
    } else {
        writeln!(io::stdout(), "{}", called.text)?;
    }
    Ok(called.exit_code)
}

/// Where traces are sent, if they are. What cannot be used of it is told, and stops nothing.
fn traces(settings: &Settings) -> Option<TraceOptions> {
    let wanted = traces::Wanted::read(&Environment::of_process(), statements(settings));
    for mistake in &wanted.mistakes {
        tracing::error!(key = %mistake.key, "{mistake}");
    }
    wanted.options
}

/// The settings and the roles, unless something is wrong with them, which is told then.
fn usable(configuration: &Configuration) -> Option<(Settings, Option<Roles>)> {
    let Configuration {
        settings, roles, ..
    } = configuration;
    let of_settings = settings.as_ref().err().into_iter().flatten();
    let of_roles = roles.as_ref().err().into_iter().flatten();
    for mistake in of_settings.chain(of_roles) {
        complain(&mistake.to_string());
    }
    settings.clone().ok().zip(roles.clone().ok())
}

/// Of every source and of every connection.
fn mistakes(configuration: &Configuration) -> impl Iterator<Item = &Mistake> {
    let of_connections = configuration
        .known
        .iter()
        .filter_map(|known| known.outcome.as_ref().err())
        .flatten();
    configuration.mistakes.iter().chain(of_connections)
}

/// What is wrong harms nobody else, but whoever runs the server should see it.
fn tell_mistakes(configuration: &Configuration) {
    for mistake in mistakes(configuration) {
        tracing::error!(key = %mistake.key, "{mistake}");
    }
    for warning in &configuration.warnings {
        tracing::warn!(key = %warning.key, "{warning}");
    }
}

fn unusable(failure: &Failure) -> u8 {
    complain(&match &failure.hint {
        Some(hint) => format!("{} {hint}", failure.message),
        None => failure.message.clone(),
    });
    UNUSABLE
}

/// To the error stream: the output stream belongs to the protocol.
fn complain(what: &str) {
    // Where even this cannot be written, nobody is left to tell.
    let _ = writeln!(io::stderr(), "portolan: {what}");
}
