//! One attack, made on the unprotected connection and on the read-only one.

use std::time::{Duration, Instant};

use application::{
    encode::Format,
    use_cases::{AskedLimits, Ceilings, ExecuteQuery},
};
use domain::{Cancel, connection::Database, query::Statement};
use support::{
    databases::{open, opened, read, writable, write},
    waiting::until,
};

use super::{
    bare::Bare,
    corpus::{Attack, Corpus},
    field::Field,
};

/// What a session killed from beside needs to be gone.
const UNTIL_IT_SHOWS: Duration = Duration::from_secs(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Who stands between an attack and the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wall {
    /// One statement a call alone: the port of a connection that may write.
    Protocol,
    /// One statement a call and the engine's own read-only, with no policy in between.
    Engine,
    /// Everything that a client's call meets.
    Whole,
}

/// Who makes an attack where nothing is in its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// An account that may do everything.
    Owner,
    /// The role that the posture's SQL makes.
    Reader,
}

/// A field with its corpus and its database.
pub(super) struct Ground {
    corpus: Corpus,
    field: Box<dyn Field>,
    database: Option<Database>,
    condition: Condition,
    /// The state as a reset makes it.
    made: String,
}

/// What there is to attack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Condition {
    AsMade,
    /// The state may tell another thing than it should.
    Changed,
    /// What the state does not tell may be another.
    Unknown,
}

/// What was seen from beside.
#[derive(PartialEq, Eq)]
struct Seen {
    probe: String,
    state: String,
}

impl Ground {
    pub(super) fn new(corpus: Corpus, field: Box<dyn Field>) -> Self {
        Self {
            corpus,
            field,
            database: None,
            condition: Condition::Unknown,
            made: String::new(),
        }
    }

    /// Makes the attack where nothing is in its way; tells what it changed, and fails if that is nothing.
    pub(super) async fn succeed(&mut self, attack: &Attack, by: By) -> Result<(), String> {
        let mut victim = self.prepare(attack).await;
        let before = self.look_before(attack, victim.as_ref()).await;
        let mut bare = match by {
            By::Owner => self.field.bare().await,
            By::Reader => self.field.reader().await,
        };
        let mut accepted = false;
        let leak = self.named(attack.terms.leak.as_deref(), victim.as_ref());
        let clean = leaked(&mut bare, leak.as_deref()).await;
        let mut answers = Vec::new();
        for call in attack.calls() {
            let call = self.text(call, victim.as_ref());
            let answer = bare.ask(&call).await;
            accepted |= answer.is_ok();
            answers.push(answer.unwrap_or_else(|error| error));
        }
        let answers = answers.join("\n");
        let mut shows = attack
            .terms
            .reveals
            .as_ref()
            .is_some_and(|secret| answers.contains(secret.as_str()))
            || leaked(&mut bare, leak.as_deref()).await != clean;
        // Of a superuser's attacks each must show; a reader's do so as late as ours.
        let patient = by == By::Owner || (accepted && attack.terms.late == Some(true));
        let started = Instant::now();
        loop {
            shows = shows || self.look(attack, victim.as_ref()).await != before;
            if shows || !patient || started.elapsed() > UNTIL_IT_SHOWS {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bare.close().await;
        self.tidy(attack, &mut victim).await;
        self.is_changed_by(attack);
        if shows { Ok(()) } else { Err(answers) }
    }

    /// Makes the attack on a read-only connection; an error tells what it changed. Where others change the same at their
    /// own times, it must change every time that it is made.
    pub(super) async fn withstand(&mut self, attack: &Attack, wall: Wall) -> Result<(), String> {
        let mut withstood = self.withstand_once(attack, wall).await;
        for _ in 1..attack.terms.tries.unwrap_or(1) {
            if withstood.is_err() {
                withstood = self.withstand_once(attack, wall).await;
            }
        }
        withstood
    }

    async fn withstand_once(&mut self, attack: &Attack, wall: Wall) -> Result<(), String> {
        let mut victim = self.prepare(attack).await;
        let before = self.look_before(attack, victim.as_ref()).await;
        let leak = self.named(attack.terms.leak.as_deref(), victim.as_ref());
        let calls: Vec<_> = attack
            .calls()
            .into_iter()
            .map(|call| self.text(call, victim.as_ref()))
            .collect();
        let database = self.database(wall).await;
        let clean = next_call(&database, leak.as_deref()).await;
        let mut answers = Vec::new();
        let mut accepted = false;
        for call in &calls {
            let answer = send(&database, call, wall).await;
            accepted |= answer.is_ok();
            answers.push(answer.unwrap_or_else(|refusal| refusal));
        }
        let found = next_call(&database, leak.as_deref()).await;
        until("every session has come back", async || {
            database.pool.figures().in_use == 0
        })
        .await;
        let mut after = self.look(attack, victim.as_ref()).await;
        if accepted && attack.terms.late == Some(true) {
            let started = Instant::now();
            while after == before && started.elapsed() < UNTIL_IT_SHOWS {
                tokio::time::sleep(BETWEEN_LOOKS).await;
                after = self.look(attack, victim.as_ref()).await;
            }
        }
        let answers = answers.join("\n");
        // Who may not look knows nothing, unless there was nothing to look for.
        let leaks = found != clean || (clean.is_err() && accepted);
        let changed = before.difference(&after).or_else(|| {
            let [clean, found] = [clean, found].map(|seen| seen.unwrap_or_else(|refusal| refusal));
            leaks.then(|| format!("the next call: {} → {}", short(&clean), short(&found)))
        });
        let revealed = attack.terms.reveals.as_ref().and_then(|secret| {
            answers
                .contains(secret.as_str())
                .then(|| format!("it tells: {}", short(&answers)))
        });
        self.tidy(attack, &mut victim).await;
        match changed.or(revealed) {
            None => Ok(()),
            Some(change) => {
                self.is_changed_by(attack);
                self.close().await;
                Err(change)
            }
        }
    }

    /// Whether the policy refuses a call of the attack by its text alone.
    pub(super) async fn is_refused_by_its_text(&mut self, attack: &Attack) -> bool {
        let database = self.database(Wall::Whole).await;
        attack.calls().into_iter().any(|call| {
            let call = self.field.named(call);
            let policy = database.config.policy;
            policy.admit(&call, &*database.dialect).is_err()
        })
    }

    /// Whether the whole wall lets a benign statement through to its rows; an error tells the answer.
    pub(super) async fn accept(&mut self, sql: &str) -> Result<(), String> {
        self.put_back().await;
        let database = self.database(Wall::Whole).await;
        let sql = self.field.named(sql);
        let answer = send(&database, &sql, Wall::Whole).await?;
        let told: serde_json::Value = serde_json::from_str(&answer).unwrap();
        if told["rowCount"].as_u64() > Some(0) && told["columns"].is_array() {
            Ok(())
        } else {
            Err(answer)
        }
    }

    /// From now on there is the role that the posture's SQL makes.
    pub(super) async fn employ_reader(&mut self) {
        self.put_back().await;
        let database = self.database(Wall::Whole).await;
        let remedy = database.posture.remedy().expect("it may do everything");
        let again = self.field.employ(remedy).await;
        self.corpus.make.push_str(&again);
        self.condition = Condition::Unknown;
        self.close().await;
    }

    pub(super) async fn take_away(mut self) {
        self.close().await;
        self.field.take_away().await;
    }

    async fn prepare(&mut self, attack: &Attack) -> Option<(Bare, String)> {
        self.put_back().await;
        if attack.terms.alone == Some(true)
            && let Some((take, _)) = self.field.alone()
        {
            self.field.beside().run(take).await;
        }
        if let Some(setup) = self.named(attack.terms.setup.as_deref(), None) {
            self.field.beside().run(&setup).await;
            // What puts it back, if there is such a thing, leaves the rest to the state.
            self.condition = match attack.terms.clean {
                Some(_) => Condition::Changed,
                None => Condition::Unknown,
            };
        }
        let mut texts = attack.calls();
        texts.extend(attack.terms.probe.as_deref());
        if !texts.iter().any(|text| text.contains("{victim}")) {
            return None;
        }
        let mut victim = self.field.bare().await;
        let number = victim.ask(self.field.session_number()?).await.unwrap();
        Some((victim, number))
    }

    async fn tidy(&mut self, attack: &Attack, victim: &mut Option<(Bare, String)>) {
        if let Some((victim, _)) = victim.take() {
            victim.close().await;
        }
        if let Some(clean) = self.named(attack.terms.clean.as_deref(), None) {
            // There may be nothing to put back.
            self.field.beside().ask(&clean).await.ok();
        }
        if attack.terms.alone == Some(true)
            && let Some((_, give_back)) = self.field.alone()
        {
            self.field.beside().run(give_back).await;
        }
    }

    /// An attack may have changed what its own probe tells and the state does not.
    fn is_changed_by(&mut self, attack: &Attack) {
        let condition = if attack.terms.probe.is_some() && attack.terms.clean.is_none() {
            Condition::Unknown
        } else {
            Condition::Changed
        };
        if self.condition < condition {
            self.condition = condition;
        }
    }

    /// Everything is made anew only where what is quicker does not do.
    async fn put_back(&mut self) {
        let corpus = &self.corpus;
        let [scrap, make, fill] =
            [&corpus.scrap, &corpus.make, &corpus.fill].map(|sql| self.field.named(sql));
        let make = format!("{make}{fill}");
        if self.condition == Condition::Changed && !self.field.is_replaced() {
            for mend in [&fill, &make] {
                let mended = self.field.beside().ask(mend).await;
                if mended.is_ok() && self.state().await == self.made {
                    self.condition = Condition::AsMade;
                    break;
                }
            }
        }
        if self.condition != Condition::AsMade {
            if self.field.is_replaced() {
                self.close().await;
            }
            self.field.reset(&scrap, &make).await;
            self.made = self.state().await;
            assert!(!self.made.contains("error returned"), "{}", self.made);
            self.condition = Condition::AsMade;
        }
    }

    async fn state(&mut self) -> String {
        let sql = self.field.named(&self.corpus.state);
        self.field.state(&sql).await
    }

    async fn look_before(&mut self, attack: &Attack, victim: Option<&(Bare, String)>) -> Seen {
        if self.condition != Condition::AsMade {
            return self.look(attack, victim).await;
        }
        Seen {
            probe: self.probe(attack, victim).await,
            state: self.made.clone(),
        }
    }

    async fn look(&mut self, attack: &Attack, victim: Option<&(Bare, String)>) -> Seen {
        Seen {
            probe: self.probe(attack, victim).await,
            state: self.state().await,
        }
    }

    async fn probe(&mut self, attack: &Attack, victim: Option<&(Bare, String)>) -> String {
        match self.named(attack.terms.probe.as_deref(), victim) {
            Some(probe) => {
                let answer = self.field.beside().ask(&probe).await;
                answer.unwrap_or_else(|error| error)
            }
            None => String::new(),
        }
    }

    async fn database(&mut self, wall: Wall) -> Database {
        let reads = wall != Wall::Protocol;
        if let Some(database) = &self.database
            && database.config.policy.is_read_only() == reads
        {
            return database.clone();
        }
        self.close().await;
        let config = self.field.config();
        let config = if reads { config } else { writable(config) };
        let database = open(config).await;
        self.database.insert(database).clone()
    }

    async fn close(&mut self) {
        if let Some(database) = self.database.take() {
            database.pool.close().await;
        }
    }

    fn named(&self, text: Option<&str>, victim: Option<&(Bare, String)>) -> Option<String> {
        text.map(|text| self.text(text, victim))
    }

    fn text(&self, text: &str, victim: Option<&(Bare, String)>) -> String {
        let text = self.field.named(text);
        match victim {
            Some((_, number)) => text.replace("{victim}", number),
            None => text,
        }
    }
}

impl Seen {
    fn difference(&self, after: &Self) -> Option<String> {
        if self.probe != after.probe {
            let (before, after) = (short(&self.probe), short(&after.probe));
            return Some(format!("the probe: {before} → {after}"));
        }
        if self.state == after.state {
            return None;
        }
        let (mut before, mut after) = (self.state.lines(), after.state.lines());
        loop {
            match (before.next(), after.next()) {
                (Some(one), Some(two)) if one == two => {}
                (one, two) => {
                    let (one, two) = (one.unwrap_or_default(), two.unwrap_or_default());
                    return Some(format!("{} → {}", short(one), short(two)));
                }
            }
        }
    }
}

async fn leaked(bare: &mut Bare, leak: Option<&str>) -> Option<String> {
    match leak {
        Some(leak) => Some(bare.ask(leak).await.unwrap_or_else(|error| error)),
        None => None,
    }
}

/// What the next call on the same session sees.
async fn next_call(database: &Database, leak: Option<&str>) -> Result<String, String> {
    match leak {
        Some(leak) => send(database, leak, Wall::Engine).await,
        None => Ok(String::new()),
    }
}

/// One call; an error is the refusal.
async fn send(database: &Database, sql: &str, wall: Wall) -> Result<String, String> {
    let told = |failure: domain::Failure| format!("{:?}: {}", failure.kind, failure.message);
    let rows = match wall {
        Wall::Protocol => Some(write(database, sql, vec![]).await.map(|(rows, _)| rows)),
        Wall::Engine => Some(read(database, sql, vec![]).await),
        Wall::Whole => None,
    };
    if let Some(rows) = rows {
        return Ok(format!("{:?}", rows.map_err(told)?.rows));
    }
    let call = ExecuteQuery {
        statement: Statement::new(sql.to_owned(), vec![]).map_err(told)?,
        format: Format::Json,
        asked: AskedLimits::default(),
    };
    let answer = call
        .execute(&opened(database), Ceilings::default(), &Cancel::new())
        .await;
    Ok(answer.map_err(told)?.text)
}

fn short(text: &str) -> String {
    text.replace('\n', "⏎").chars().take(160).collect()
}
