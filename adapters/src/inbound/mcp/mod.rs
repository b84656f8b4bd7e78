//! The service as a client of the Model Context Protocol sees it.
