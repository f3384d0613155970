//! How many sockets are open: in all, on the public plane, and from one address. Nobody takes the room of the others.
//!
//! An IPv6 network of 64 bits counts as one address: that is what one subscriber of a provider has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{Limits, Plane};
use crate::stats::Stats;

/// Bits of an IPv6 address that belong to one subscriber are cleared from here on.
const NETWORK: u128 = !0 << 64;

#[derive(Debug, Default)]
struct Inner {
    all: usize,
    public: usize,
    by_address: HashMap<(Plane, IpAddr), usize>,
}

/// Everyone who has a socket.
#[derive(Debug)]
pub(crate) struct Crowd {
    inner: Mutex<Inner>,
    stats: Arc<Stats>,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The door is full, or the part of it that citizens may fill.
    Door,
    /// Too many come from this address.
    Address,
}

/// One open socket; dropped, it makes room.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    plane: Plane,
    address: IpAddr,
}

impl Crowd {
    pub fn new(stats: Arc<Stats>) -> Arc<Crowd> {
        Arc::new(Crowd { inner: Mutex::default(), stats })
    }

    /// Lets a socket in, if there is room for it.
    pub fn enter(self: &Arc<Self>, plane: Plane, peer: SocketAddr, limits: &Limits) -> Result<Place, Full> {
        let address = counted_as(peer.ip());
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let is_public = plane == Plane::Public;
        if inner.all >= limits.max_connections || is_public && inner.public >= limits.public_connections {
            return Err(Full::Door);
        }
        let most = if is_public { limits.public_connections_by_address } else { limits.connections_by_address };
        let here = inner.by_address.entry((plane, address)).or_default();
        if *here >= most {
            return Err(Full::Address);
        }
        *here += 1;
        inner.all += 1;
        inner.public += usize::from(is_public);
        self.stats.sockets.set(inner.all as u64);
        Ok(Place { crowd: self.clone(), plane, address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.crowd.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.all -= 1;
        inner.public -= usize::from(self.plane == Plane::Public);
        self.crowd.stats.sockets.set(inner.all as u64);
        let key = (self.plane, self.address);
        if let Some(here) = inner.by_address.get_mut(&key) {
            *here -= 1;
            if *here == 0 {
                inner.by_address.remove(&key);
            }
        }
    }
}

fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & NETWORK).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().expect("an address"), 1)
    }

    #[test]
    fn nobody_takes_the_room_of_the_others() {
        let limits = Limits {
            max_connections: 4,
            public_connections: 2,
            connections_by_address: 3,
            public_connections_by_address: 1,
            ..Limits::default()
        };
        let stats = Arc::new(Stats::default());
        let crowd = Crowd::new(stats.clone());
        let enter = |plane, address| crowd.enter(plane, from(address), &limits);
        let citizen = enter(Plane::Public, "10.0.0.1").expect("room");
        assert_eq!(enter(Plane::Public, "10.0.0.1").err(), Some(Full::Address));
        assert_eq!(enter(Plane::Public, "::ffff:10.0.0.1").err(), Some(Full::Address), "the same address");
        let _other = enter(Plane::Public, "2001:db8::1").expect("room");
        assert_eq!(enter(Plane::Public, "10.0.0.3").err(), Some(Full::Door), "citizens have their part");
        let _device = enter(Plane::Devices, "10.0.0.1").expect("devices have theirs");
        drop(citizen);
        assert_eq!(enter(Plane::Public, "2001:db8::2").err(), Some(Full::Address), "the same network");
        let _again = enter(Plane::Public, "10.0.0.1").expect("room was made");
        let _last = enter(Plane::Operators, "10.0.0.9").expect("room");
        assert_eq!(enter(Plane::Devices, "10.0.0.9").err(), Some(Full::Door));
        assert_eq!(stats.sockets.get(), 4);
    }
}
