//! A stretch of network between Portolan and a database, which can be cut, can fall silent, and counts how often
//! one side had to wait for the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::connection::{Address, ConnectionConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinSet,
};

/// Passes bytes on between whoever connects to it and the database.
pub struct Proxy {
    address: SocketAddr,
    target: String,
    /// How long bytes are under way.
    distance: Duration,
    turns: Arc<Turns>,
    /// The listener and every stream; gone when dropped.
    lines: JoinSet<()>,
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
            lines: JoinSet::new(),
        };
        proxy.listen(listener);
        proxy
    }

    fn listen(&mut self, listener: TcpListener) {
        let (target, turns) = (self.target.clone(), Arc::clone(&self.turns));
        let distance = self.distance;
        self.lines.spawn(async move {
            // Dropped with the listener's task, and every stream with it.
            let mut streams = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (target, turns) = (target.clone(), Arc::clone(&turns));
                streams.spawn(pass(client, target, distance, turns));
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

    /// The database is reached again, at the same address.
    pub async fn mend(&mut self) {
        self.cut().await;
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.listen(listener);
    }

    /// How often the database has answered something that was sent to it: round trips, whatever the number of
    /// messages in each.
    pub fn round_trips(&self) -> usize {
        self.turns.answered.load(Ordering::Relaxed)
    }
}

async fn pass(client: TcpStream, target: String, distance: Duration, turns: Arc<Turns>) {
    let Ok(database) = TcpStream::connect(target).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    database.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    tokio::select! {
        () = carry(from_client, to_database, distance, || turns.client_speaks()) => {}
        () = carry(from_database, to_client, distance, || turns.database_speaks()) => {}
    }
}

/// Carries bytes one way until that way ends.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    distance: Duration,
    speaks: impl Fn(),
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        speaks();
        if !distance.is_zero() {
            tokio::time::sleep(distance).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
