//! A stretch of network between Portolan and a database, which can be cut, reset, fall silent or end in the middle of an
//! answer, and counts how often one side had to wait for the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::connection::{Address, ConnectionConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// Passes bytes on between whoever connects to it and the database.
pub struct Proxy {
    address: SocketAddr,
    target: String,
    /// How long bytes are under way.
    distance: Duration,
    turns: Arc<Turns>,
    faults: Arc<Faults>,
    /// The listener and every stream; gone when dropped.
    lines: JoinSet<()>,
}

/// What is wrong with the network.
struct Faults {
    /// Nothing arrives, and nobody is told.
    frozen: AtomicBool,
    /// How many bytes of the database's still arrive.
    left: AtomicUsize,
    /// Lines that have been made.
    made: AtomicUsize,
    /// Changes when every line is to be reset.
    reset: watch::Sender<()>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            frozen: AtomicBool::new(false),
            left: AtomicUsize::new(usize::MAX),
            made: AtomicUsize::new(0),
            reset: watch::Sender::new(()),
        }
    }
}

impl Faults {
    /// Waits for ever if nothing is to arrive.
    async fn let_pass(&self) {
        if self.frozen.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether so many bytes of the database's may still arrive.
    fn take(&self, count: usize) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        if left != usize::MAX {
            self.left
                .store(left.saturating_sub(count), Ordering::Relaxed);
        }
        left >= count
    }
}

/// Which side spoke last, and how often the database answered.
#[derive(Default)]
struct Turns {
    /// The client has spoken since the database last did.
    asked: Mutex<bool>,
    answered: AtomicUsize,
}

impl Turns {
    fn client_speaks(&self) {
        *self.asked.lock().unwrap() = true;
    }

    fn database_speaks(&self) {
        if std::mem::take(&mut *self.asked.lock().unwrap()) {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Proxy {
    /// A proxy in front of the database of `config`, which is changed to go through it.
    pub async fn before(config: &mut ConnectionConfig) -> Self {
        Self::far_from(config, Duration::ZERO).await
    }

    /// The same with the database so far away that bytes take `distance` each way.
    pub async fn far_from(config: &mut ConnectionConfig, distance: Duration) -> Self {
        let Address::Tcp { host, port } = &config.address else {
            panic!("only what is reached over TCP has a network between");
        };
        let target = format!("{host}:{port}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        config.address = Address::Tcp {
            host: address.ip().to_string(),
            port: address.port(),
        };
        let mut proxy = Self {
            address,
            target,
            distance,
            turns: Arc::default(),
            faults: Arc::default(),
            lines: JoinSet::new(),
        };
        proxy.listen(listener);
        proxy
    }

    fn listen(&mut self, listener: TcpListener) {
        let (target, turns) = (self.target.clone(), Arc::clone(&self.turns));
        let (distance, faults) = (self.distance, Arc::clone(&self.faults));
        self.lines.spawn(async move {
            // Dropped with the listener's task, and every stream with it.
            let mut streams = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                faults.made.fetch_add(1, Ordering::Relaxed);
                let (target, turns) = (target.clone(), Arc::clone(&turns));
                streams.spawn(pass(client, target, distance, turns, Arc::clone(&faults)));
            }
        });
    }

    /// Cuts every line; whoever connects now is turned away.
    pub async fn cut(&mut self) {
        self.lines.shutdown().await;
    }

    /// Cuts every line; whoever connects now waits in vain.
    pub async fn fall_silent(&mut self) {
        self.cut().await;
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.lines.spawn(async move {
            let mut kept = Vec::new();
            while let Ok((client, _)) = listener.accept().await {
                kept.push(client);
            }
        });
    }

    /// Resets every line; whoever connects now is let through.
    pub fn reset(&self) {
        self.faults.reset.send_replace(());
    }

    /// Every line stays, and nothing arrives on it any more.
    pub fn freeze(&self) {
        self.faults.frozen.store(true, Ordering::Relaxed);
    }

    /// Resets the line on which the database sends more than so many bytes from now on.
    pub fn reset_after(&self, bytes: usize) {
        self.faults.left.store(bytes, Ordering::Relaxed);
    }

    /// How often somebody has connected.
    pub fn lines_made(&self) -> usize {
        self.faults.made.load(Ordering::Relaxed)
    }

    /// The database is reached again, at the same address.
    pub async fn mend(&mut self) {
        self.cut().await;
        self.faults.frozen.store(false, Ordering::Relaxed);
        self.faults.left.store(usize::MAX, Ordering::Relaxed);
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.listen(listener);
    }

    /// How often the database has answered something that was sent to it: round trips, whatever the number of
    /// messages in each.
    pub fn round_trips(&self) -> usize {
        self.turns.answered.load(Ordering::Relaxed)
    }
}

async fn pass(
    mut client: TcpStream,
    target: String,
    distance: Duration,
    turns: Arc<Turns>,
    faults: Arc<Faults>,
) {
    let mut reset = faults.reset.subscribe();
    let Ok(mut database) = TcpStream::connect(target).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    database.set_nodelay(true).unwrap();
    {
        let (from_client, to_client) = client.split();
        let (from_database, to_database) = database.split();
        tokio::select! {
            _ = reset.changed() => {}
            cut = carry(from_client, to_database, distance, |_| { turns.client_speaks(); true }, &faults) => {
                if !cut { return; }
            }
            cut = carry(from_database, to_client, distance, |count| { turns.database_speaks(); faults.take(count) }, &faults) => {
                if !cut { return; }
            }
        }
    }
    // What is closed without lingering is reset.
    client.set_zero_linger().unwrap();
}

/// Carries bytes one way until that way ends, or `may_pass` says no to so many of them; whether that was the reason.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    distance: Duration,
    may_pass: impl Fn(usize) -> bool,
    faults: &Faults,
) -> bool {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !may_pass(count) {
            return true;
        }
        faults.let_pass().await;
        if !distance.is_zero() {
            tokio::time::sleep(distance).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return false;
        }
    }
    false
}
