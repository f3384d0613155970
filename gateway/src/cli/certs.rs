//! `bongsu certs`: certificates for trials. A city has its own authority.

use super::{Ended, output_failed};
use miette::{IntoDiagnostic, WrapErr, miette};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Who may read a private key: its owner.
const OWNER_ONLY: u32 = 0o600;

/// Certificates for trials
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make an authority, a server's certificate and a device's, for a trial on this machine
    Dev {
        /// The folder they are written to; it must not hold such files already
        #[arg(default_value = "certs", value_name = "DIR")]
        folder: PathBuf,
        /// Names and addresses by which devices reach the server
        #[arg(long = "host", value_name = "HOST", default_values = ["localhost", "127.0.0.1", "::1"])]
        hosts: Vec<String>,
        /// Names of devices, each of which gets a certificate
        #[arg(long = "device", value_name = "NAME", default_values = ["device"])]
        devices: Vec<String>,
    },
}

/// Makes them.
pub fn run(command: &Command, output: &mut dyn Write) -> miette::Result<Ended> {
    let Command::Dev { folder, hosts, devices } = command;
    if let Some(bad) = devices.iter().find(|name| !bongsu_sensors::name::is_name(name)) {
        let help = "use letters, digits, `_`, `-` and `.`";
        return Err(miette!(help = help, "{bad:?} cannot name a device's certificate"));
    }
    std::fs::create_dir_all(folder)
        .into_diagnostic()
        .wrap_err_with(|| format!("failed to make {}", folder.display()))?;
    let authority = authority()?;
    write(folder, "ca.pem", &authority.certificate, false)?;
    write(folder, "ca.key", &authority.key.serialize_pem(), true)?;
    let server = signed(hosts, "bongsu", ExtendedKeyUsagePurpose::ServerAuth, &authority)?;
    write_pair(folder, "server", &server)?;
    for name in devices {
        let device = signed(std::slice::from_ref(name), name, ExtendedKeyUsagePurpose::ClientAuth, &authority)?;
        write_pair(folder, name, &device)?;
    }
    let shown = folder.display();
    let first = devices.first().map_or("device", String::as_str);
    let told = format!(
        "[mqtt]\ntls_listen = \"127.0.0.1:8883\"\n[mqtt.tls]\ncert = \"{shown}/server.pem\"\nkey = \"{shown}/server.key\"\n\
         client_ca = \"{shown}/ca.pem\""
    );
    writeln!(output, "{told}").map_err(output_failed)?;
    eprintln!("These are for trials. Put the lines above into bongsu.toml; then for a device without a password:");
    eprintln!("  bongsu devices add STATION --certificate {first}");
    eprintln!(
        "  mosquitto_pub -h localhost -p 8883 --cafile {shown}/ca.pem --cert {shown}/{first}.pem --key {shown}/{first}.key …"
    );
    Ok(Ended::Well)
}

/// Who signs.
struct Authority {
    certificate: String,
    key: KeyPair,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> miette::Result<Authority> {
    let mut told = CertificateParams::new(Vec::new()).into_diagnostic()?;
    told.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    told.distinguished_name.push(DnType::CommonName, "Bongsu trial authority");
    told.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().into_diagnostic()?;
    let certificate = told.self_signed(&key).into_diagnostic()?.pem();
    let again = KeyPair::from_pem(&key.serialize_pem()).into_diagnostic()?;
    Ok(Authority { certificate, key, issuer: Issuer::new(told, again) })
}

/// A certificate and its key, as PEM.
fn signed(
    names: &[String],
    common: &str,
    purpose: ExtendedKeyUsagePurpose,
    authority: &Authority,
) -> miette::Result<(String, String)> {
    let mut told = CertificateParams::new(names.to_vec()).into_diagnostic()?;
    told.distinguished_name.push(DnType::CommonName, common);
    told.extended_key_usages = vec![purpose];
    let key = KeyPair::generate().into_diagnostic()?;
    let certificate = told.signed_by(&key, &authority.issuer).into_diagnostic()?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn write_pair(folder: &Path, name: &str, (certificate, key): &(String, String)) -> miette::Result<()> {
    write(folder, &format!("{name}.pem"), certificate, false)?;
    write(folder, &format!("{name}.key"), key, true)
}

fn write(folder: &Path, name: &str, text: &str, is_secret: bool) -> miette::Result<()> {
    let path = folder.join(name);
    let mut options = File::options();
    options.write(true).create_new(true);
    if is_secret {
        options.mode(OWNER_ONLY);
    }
    let file = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    file.into_diagnostic().wrap_err_with(|| format!("failed to write {}; name another folder", path.display()))
}
