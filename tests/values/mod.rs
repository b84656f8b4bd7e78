//! Every type of every engine, compared with what the server's own client prints.

mod mysql;
