//! The real program as a child: built, started in a folder of its own, asked, killed, and started again.

use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime};

/// Names the program to be tested, for whoever has built one already.
const CHOSEN: &str = "PROGRAM_UNDER_TEST";

/// The crates it is made of.
const MADE_OF: [&str; 6] = ["gateway", "rules", "sensors", "broker", "simulators", "dashboards"];

/// How long it may take to be ready: far more than it needs, because others use the machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in the workspace").to_owned()
}

/// The program. `cargo test --workspace` has built it already; where it is not there, or older than its sources, cargo
/// is asked to build it with the profile of this very test.
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(chosen) = std::env::var_os(CHOSEN) {
            return chosen.into();
        }
        let own = std::env::current_exe().expect("a running program has a path");
        let mut profile = own.parent().expect("it stands in a folder");
        if profile.ends_with("deps") {
            profile = profile.parent().expect("deps stands in a folder");
        }
        let program = profile.join("bongsu");
        if !is_current(&program) {
            build(profile);
        }
        program
    })
}

fn is_current(program: &Path) -> bool {
    let Ok(built) = fs::metadata(program).and_then(|is| is.modified()) else { return false };
    let root = root();
    MADE_OF.iter().all(|folder| newest(&root.join(folder)) <= built)
}

/// When something below a folder was last changed.
fn newest(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let time = |entry: fs::DirEntry| match entry.metadata() {
        Ok(is) if is.is_dir() => newest(&entry.path()),
        Ok(is) => is.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        Err(_) => SystemTime::UNIX_EPOCH,
    };
    entries.map(time).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn build(profile: &Path) {
    let name = profile.file_name().and_then(|name| name.to_str()).unwrap_or("debug");
    let name = if name == "debug" { "dev" } else { name };
    let target = profile.parent().expect("a profile stands in the target folder");
    // As the tests build it: in another way cargo would build everything it depends on anew. Whatever runs the test that
    // asks for the program builds the program.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Some build scripts run anew where these are others, and with them everything that stands on them.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.args(["test", "--quiet", "--no-run", "--workspace", "--test", "cli", "--profile", name]);
    let done = command.arg("--target-dir").arg(target).current_dir(root()).status().expect("cargo runs");
    assert!(done.success(), "the program could not be built");
}

/// How the program is started.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Everything of this setup stands here: catalog, rules, data and log.
    pub folder: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// More of the environment.
    pub env: Vec<(String, String)>,
    /// `--clock`.
    pub clock: Option<String>,
}

impl Setup {
    /// A setup in a folder that holds a `stations.toml`, and `rules` where there is such a folder; devices need no name.
    pub fn anonymous(folder: &Path) -> Setup {
        let mut setup = Setup::strict(folder);
        setup.env.push(("BONGSU_MQTT__ALLOW_ANONYMOUS_DEVICES".into(), "true".into()));
        setup
    }

    /// The same where devices need a name.
    pub fn strict(folder: &Path) -> Setup {
        Setup { folder: folder.to_owned(), data: folder.join("data"), env: Vec::new(), clock: None }
    }

    /// The same under another clock.
    pub fn with_clock(mut self, clock: &str) -> Setup {
        self.clock = Some(clock.to_owned());
        self
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data.join("city.db")
    }

    /// A command of the program in this setup.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BONGSU_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).env("BONGSU_STATIONS", self.folder.join("stations.toml"));
        let rules = self.folder.join("rules");
        if rules.is_dir() {
            command.env("BONGSU_RULES", rules);
        }
        for name in ["MQTT__LISTEN", "PUBLIC__LISTEN", "OPERATOR__LISTEN", "OPERATOR__MQTT_LISTEN"] {
            command.env(format!("BONGSU_{name}"), "127.0.0.1:0");
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.arg("--data").arg(&self.data).args(arguments);
        command
    }

    /// What a command of the program prints.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the program runs");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "bongsu {arguments:?}: {complaint}");
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// Starts `serve` and waits until it is ready.
    pub fn serve(&self) -> Program {
        let mut arguments = vec!["serve", "--json"];
        if let Some(clock) = &self.clock {
            arguments.extend(["--clock", clock]);
        }
        Program::start(self, self.command(&arguments))
    }
}

/// A running `bongsu serve`. Dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: PathBuf,
    /// Where devices connect.
    pub mqtt: SocketAddr,
    /// Where devices connect inside TLS, if anywhere.
    pub mqtt_tls: Option<SocketAddr>,
    /// Where citizens' tools connect over MQTT, if anywhere.
    pub public_mqtt: Option<SocketAddr>,
    /// Where operators' tools connect over MQTT.
    pub operator_mqtt: SocketAddr,
    /// The same inside TLS, if anywhere.
    pub operator_mqtt_tls: Option<SocketAddr>,
    /// The citizens' pages.
    pub public: String,
    /// The operators' pages.
    pub operator: String,
    /// The one-time link that makes the first administrator, where there is none yet.
    pub welcome: Option<String>,
    /// When it was started.
    pub started: Instant,
    /// When it said that it is ready.
    pub ready: Instant,
}

impl Program {
    /// Starts a command that prints a ready line as JSON.
    pub fn start(setup: &Setup, mut command: Command) -> Program {
        let log = setup.folder.join("log");
        let stderr = File::options().create(true).append(true).open(&log).expect("the folder can be written");
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("its output is ours");
        let (line, ready) = channel();
        std::thread::spawn(move || {
            for text in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = line.send(text);
            }
        });
        let ready = ready.recv_timeout(PATIENCE);
        let Ok(addresses) = ready.map_err(|_| ()).and_then(|text| serde_json::from_str::<Value>(&text).map_err(|_| ()))
        else {
            let _ = child.kill();
            panic!("bongsu serve was not ready: {}", fs::read_to_string(&log).unwrap_or_default());
        };
        let text = |key: &str| addresses[key].as_str().unwrap_or_default().to_owned();
        let socket = |key: &str| text(key).parse().expect("an address");
        Program {
            child,
            log,
            mqtt: socket("mqtt"),
            mqtt_tls: text("mqtt_tls").parse().ok(),
            public_mqtt: text("public_mqtt").parse().ok(),
            operator_mqtt: socket("operator_mqtt"),
            operator_mqtt_tls: text("operator_mqtt_tls").parse().ok(),
            public: text("public"),
            operator: text("operator"),
            welcome: addresses["welcome"].as_str().map(str::to_owned),
            started,
            ready: Instant::now(),
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Sends SIGTERM.
    pub fn ask_to_end(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it can be asked");
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::HUP).expect("it can be asked");
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "bongsu does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it wrote to standard error, over all starts in its folder.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
