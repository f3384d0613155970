//! Disks that fail: a small one of memory that fills up, and a layer below the program that answers with errors.

use crate::program::{Setup, root};
use rustix::fs::FallocateFlags;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What takes the room of a small disk.
const BALLAST: &str = "ballast";

/// A file system of its own in memory, unmounted when it is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one; `None`: we may not, and the reason was printed.
    pub fn mount(folder: &Path, mebibytes: u32) -> Option<SmallDisk> {
        fs::create_dir_all(folder).expect("the folder can be made");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(folder);
        let output = mount.output().expect("mount can be run");
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            println!("SKIPPED: a small disk can only be mounted by root: {why}");
            return None;
        }
        Some(SmallDisk { folder: folder.to_owned() })
    }

    /// Bytes that are left on it.
    pub fn left(&self) -> u64 {
        rustix::fs::statvfs(&self.folder).map(|disk| disk.f_bavail * disk.f_frsize).unwrap_or(0)
    }

    /// Fills what is left. Others may take some of it meanwhile.
    pub fn fill(&self) {
        let ballast = self.ballast().unwrap_or(0);
        let file = fs::File::options().create(true).append(true).open(self.folder.join(BALLAST)).expect("a file");
        let mut size = self.left();
        while size > 0 && rustix::fs::fallocate(&file, FallocateFlags::empty(), ballast, size).is_err() {
            size = self.left().min(size.saturating_sub(4_096));
        }
    }

    /// Gives back what was filled.
    pub fn clear(&self) {
        fs::remove_file(self.folder.join(BALLAST)).expect("it was filled");
    }

    fn ballast(&self) -> std::io::Result<u64> {
        Ok(fs::metadata(self.folder.join(BALLAST))?.len())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: who still holds a file open keeps it until then.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}

/// Errors below the program, switched on and off from here.
#[derive(Debug)]
pub struct Faults {
    switch: PathBuf,
}

impl Faults {
    /// Puts the layer below a program that is yet to be started; files whose names hold `file` are meant.
    pub fn below(setup: &mut Setup, file: &str) -> Faults {
        let library = setup.folder.join("disk.so");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut compile = Command::new(compiler);
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(root().join("tests/fault/disk.c"));
        let done = compile.status().expect("a C compiler, which the program itself is built with");
        assert!(done.success(), "tests/fault/disk.c does not compile");
        let switch = setup.folder.join("fault");
        setup.env.push(("LD_PRELOAD".into(), library.to_string_lossy().into_owned()));
        setup.env.push(("FAULT_SWITCH".into(), switch.to_string_lossy().into_owned()));
        setup.env.push(("FAULT_FILE".into(), file.into()));
        Faults { switch }
    }

    /// From now on this fails: `sync`, `write` or `full`.
    pub fn begin(&self, what: &str) {
        // Renamed, so that nobody reads half a word.
        let beside = self.switch.with_extension("new");
        fs::write(&beside, what).and_then(|()| fs::rename(beside, &self.switch)).expect("the folder can be written");
    }

    /// Everything works again.
    pub fn end(&self) {
        fs::remove_file(&self.switch).expect("it was begun");
    }
}
