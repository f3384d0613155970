//! A mail server that keeps every letter as a file, for tests that read what citizens are written.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Opens a mailbox on this machine that puts letters into a folder as `1.txt`, `2.txt` and so on.
///
/// # Errors
/// The folder cannot be made, or nothing can listen.
pub fn open(folder: &Path) -> std::io::Result<SocketAddr> {
    std::fs::create_dir_all(folder)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (folder, count) = (Arc::new(folder.to_owned()), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let (folder, count) = (folder.clone(), count.clone());
            // A client that leaves in the middle has sent no letter.
            std::thread::spawn(move || serve(&socket, &folder, &count).ok());
        }
    });
    Ok(address)
}

/// One client, as RFC 5321 has it, without any extension.
fn serve(socket: &TcpStream, folder: &Path, count: &AtomicUsize) -> std::io::Result<()> {
    let mut out = socket;
    let mut lines = BufReader::new(socket).lines();
    out.write_all(b"220 mailbox\r\n")?;
    while let Some(line) = lines.next() {
        match line?.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut letter = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.push('\n');
                }
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                // Whoever waits for the file finds all of it.
                let made = folder.join(format!("{number}.part"));
                std::fs::write(&made, letter)?;
                std::fs::rename(made, folder.join(format!("{number}.txt")))?;
                out.write_all(b"250 kept\r\n")?;
            }
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => out.write_all(b"250 so be it\r\n")?,
        }
    }
    Ok(())
}
