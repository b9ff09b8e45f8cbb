//! A wire between the program and the broker that can be cut.

use anyhow::Result;
use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Passes bytes on, both ways, from a port of its own.
pub(super) struct Wire {
    pub(super) port: u16,
    /// Both ends of what is connected, and of what was.
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    pub(super) fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let ends: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let known = Arc::clone(&ends);
        // Ends with the process, as the chore does.
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // Without the far end the near one closes: the broker is away.
                if let Ok(far) = TcpStream::connect(("127.0.0.1", target)) {
                    let _ended = join(near, far, &known);
                }
            }
        });
        Ok(Self { port, ends })
    }

    /// Cuts every connection that there is.
    pub(super) fn cut(&self) {
        for end in self.ends.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Closed already: nothing to cut.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn join(near: TcpStream, far: TcpStream, ends: &Mutex<Vec<TcpStream>>) -> std::io::Result<()> {
    ends.lock().unwrap_or_else(PoisonError::into_inner).extend([near.try_clone()?, far.try_clone()?]);
    for (mut from, mut to) in [(near.try_clone()?, far.try_clone()?), (far, near)] {
        std::thread::spawn(move || {
            let _broken = copy(&mut from, &mut to);
            // The other direction ends too.
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }
    Ok(())
}
