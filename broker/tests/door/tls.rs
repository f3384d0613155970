//! TLS: both versions, certificates of clients, renewal, silence, and what comes out of it.

use std::sync::Arc;
use std::time::Instant;

use bongsu_broker::{Limits, Listener, Pem, Plane, Qos, Tls};
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::support::*;

/// Who signs, and what it has signed.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut told = CertificateParams::new(Vec::new()).unwrap();
        told.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority { certificate: told.self_signed(&key).unwrap(), issuer: Issuer::new(told, key) }
    }

    /// Certificate and key, as PEM.
    fn signed(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut told = CertificateParams::new(vec![name.to_owned()]).unwrap();
        told.distinguished_name.push(DnType::CommonName, name);
        told.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        (told.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn server(&self) -> (String, String) {
        self.signed("localhost", ExtendedKeyUsagePurpose::ServerAuth)
    }
}

fn tls((certificate, key): &(String, String), authority: Option<&Authority>) -> Arc<Tls> {
    let authority = authority.map(|authority| authority.certificate.pem());
    let client_authority = authority.as_ref().map(|pem| pem.as_bytes());
    let pem = Pem { certificate: certificate.as_bytes(), key: key.as_bytes(), client_authority };
    Arc::new(Tls::new(&pem).unwrap())
}

async fn house(tls: Arc<Tls>, limits: Limits) -> (House, Application) {
    let listener = Listener::new("127.0.0.1:0".parse().unwrap(), Plane::Devices).inside(tls);
    let (house, intake) = House::with_listener(listener, limits).await;
    (house, Application::start(intake))
}

fn trusting(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
    own: Option<&(String, String)>,
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn open(house: &House, connector: &TlsConnector) -> std::io::Result<Raw<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(house.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    Ok(Raw { stream: connector.connect(name, stream).await? })
}

/// CONNECT without a user name.
fn nameless() -> Vec<u8> {
    let mut body = text(b"MQTT");
    body.extend([4, 2, 0, 0]);
    body.extend(text(b"c"));
    packet(0x10, &body)
}

#[tokio::test]
async fn both_versions_of_tls_carry_mqtt_both_ways() {
    let authority = Authority::new();
    let (house, application) = house(tls(&authority.server(), None), Limits::default()).await;
    for version in [&TLS12, &TLS13] {
        let mut client = open(&house, &trusting(&authority, version, None)).await.unwrap();
        client.send(&connect(4, "a")).await;
        client.expect(&[0x20, 2, 0, 0]).await;
        client.send(&publish(4, "t", &[7; 100_000], 1, 1)).await;
        client.expect(&[0x40, 2, 0, 1]).await;
        client.send(&subscribe(4, 1, "big", 0)).await;
        client.expect(&[0x90, 3, 0, 1, 0]).await;
        // more than any buffer of TLS holds, so that the rest has to be flushed later
        for _ in 0..8 {
            let payload = "x".repeat(120_000);
            house.outlet.publish(vec![outgoing("big", &payload, Qos::AtMostOnce, false)]).unwrap();
            assert_eq!(client.packet().await.len(), 120_000 + 5 + 4);
        }
        client.send(&[0xe0, 0]).await;
        client.closed().await;
    }
    assert_eq!(application.got().len(), 2);
}

#[tokio::test]
async fn a_certificate_of_a_client_says_who_it_is() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (house, _application) = house(tls(&authority.server(), Some(&authority)), Limits::default()).await;
    for version in [&TLS12, &TLS13] {
        let own = authority.signed("gauge-17", ExtendedKeyUsagePurpose::ClientAuth);
        let mut client = open(&house, &trusting(&authority, version, Some(&own))).await.unwrap();
        client.send(&nameless()).await;
        client.expect(&[0x20, 2, 0, 0]).await;
        // the common name and the name it is also for
        until(|| house.door.disconnect("gauge-17 gauge-17") == 1).await;
        client.closed().await;
        // without one a password is still needed
        let mut client = open(&house, &trusting(&authority, version, None)).await.unwrap();
        client.send(&nameless()).await;
        client.expect(&[0x20, 2, 0, 4]).await;
    }
    // whoever shows a certificate must show a good one
    let before = house.door.stats().refused_handshake.get();
    let forged = stranger.signed("gauge-17", ExtendedKeyUsagePurpose::ClientAuth);
    if let Ok(mut client) = open(&house, &trusting(&authority, &TLS13, Some(&forged))).await {
        // it may be gone before the first byte
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &nameless()).await;
        client.closed().await;
    }
    until(|| house.door.stats().refused_handshake.get() == before + 1).await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_no_connection_dropped() {
    let (old, new) = (Authority::new(), Authority::new());
    let tls = tls(&old.server(), None);
    let (house, _application) = house(tls.clone(), Limits::default()).await;
    let mut client = open(&house, &trusting(&old, &TLS13, None)).await.unwrap();
    client.send(&connect(4, "a")).await;
    client.expect(&[0x20, 2, 0, 0]).await;
    let (certificate, key) = new.server();
    let pem = Pem { certificate: certificate.as_bytes(), key: key.as_bytes(), client_authority: None };
    let (other, _) = old.server();
    assert!(tls.replace(&Pem { certificate: other.as_bytes(), ..pem }).is_err(), "the key of another certificate");
    assert!(tls.replace(&Pem { key: b"", ..pem }).is_err());
    open(&house, &trusting(&old, &TLS13, None)).await.expect("what was in force stays in force");
    tls.replace(&pem).unwrap();
    open(&house, &trusting(&new, &TLS13, None)).await.expect("the new one is shown");
    assert!(open(&house, &trusting(&old, &TLS13, None)).await.is_err());
    client.send(&publish(4, "t", b"1", 1, 1)).await;
    client.expect(&[0x40, 2, 0, 1]).await;
}

/// One silent TCP client blocks every later TLS handshake of rumqttd.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_silent_handshakes_hold_up_nobody() {
    let authority = Authority::new();
    let tls = tls(&authority.server(), None);
    let listener = |plane| Listener::new("127.0.0.1:0".parse().unwrap(), plane);
    let config = bongsu_broker::DoorConfig {
        listeners: vec![listener(Plane::Devices).inside(tls), listener(Plane::Operators)],
        ..Default::default()
    };
    let (door, intake, outlet) = bongsu_broker::Door::start(config, Arc::new(Gatekeeper)).await.unwrap();
    let (address, plain) = (door.addresses()[0], door.addresses()[1]);
    let house = House { door, outlet, address, public: plain };
    let application = Application::start(intake);
    let mut silent = Vec::new();
    for number in 0..1_000 {
        silent.push(Raw::open(plain).await);
        let mut raw = Raw::open(address).await;
        if number % 2 == 0 {
            // the beginning of a ClientHello
            raw.send(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await;
        }
        silent.push(raw);
    }
    until(|| house.door.stats().sockets.get() == 2_000).await;
    let start = Instant::now();
    let mut client = open(&house, &trusting(&authority, &TLS13, None)).await.unwrap();
    client.send(&[connect(4, "new"), publish(4, "t", b"1", 1, 1)].concat()).await;
    client.expect(&[0x20, 2, 0, 0]).await;
    client.expect(&[0x40, 2, 0, 1]).await;
    let took = start.elapsed();
    println!("beside 1,000 silent sockets and 1,000 silent handshakes a new device was served in {took:.1?}");
    assert_eq!(application.got().len(), 1);
    drop(silent);
}

#[tokio::test]
async fn what_is_no_tls_is_closed_and_counted() {
    let authority = Authority::new();
    let (house, _application) = house(tls(&authority.server(), None), Limits::default()).await;
    for bytes in [connect(4, "a"), vec![0; 64], b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0x16, 3, 1, 0xff, 0xff, 0]] {
        let mut client = Raw::open(house.address).await;
        client.send(&bytes).await;
        drop(client);
    }
    until(|| house.door.stats().refused_handshake.get() == 4).await;
    until(|| house.door.stats().sockets.get() == 0).await;
}

#[tokio::test]
async fn websocket_inside_tls() {
    let authority = Authority::new();
    let listener = Listener::new("127.0.0.1:0".parse().unwrap(), Plane::Devices);
    let listener = listener.over_websocket().inside(tls(&authority.server(), None));
    let (house, intake) = House::with_listener(listener, Limits::default()).await;
    let application = Application::start(intake);
    let mut client = open(&house, &trusting(&authority, &TLS13, None)).await.unwrap();
    let request = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    client.send(request.as_bytes()).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tokio::io::AsyncReadExt::read_exact(&mut client.stream, &mut byte).await.unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    client.send(&crate::websocket::frame(0x82, &[connect(4, "a"), publish(4, "t", b"1", 1, 1)].concat())).await;
    application.wait_for(|got| got.len() == 1).await;
}
