//! E-mail to subscribers: the whole text, the page that says more, and how to unsubscribe.

use super::notice::{Filter, Notice};
use super::{Channel, Kind, Outcome, Pace, Settings, Target, Tools, webhook};
use crate::alert::words::Language;
use crate::config::{Layers, Secret};
use crate::outreach::{Links, letter};
use crate::store::{Reader, Subscriber};
use bongsu_sensors::document::Reader as Section;
use futures_util::future::BoxFuture;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use miette::miette;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

/// The line of the table.
pub const KIND: Kind = Kind { name: "email", manual: MANUAL, read };

const MANUAL: &str = r#"# E-mail to those who subscribed and confirmed it.
[[channel.email]]
# The mail server, and how it is reached: tls (port 465) | starttls (port 587) | none (this machine only).
server = "mail.example.city"
security = "starttls"
# port = 587

# Who writes.
from = "Warnings <warning@example.city>"

# How to log in there; the password also as password_file.
# username = "warning"
# password = "…"

# Messages that may begin in a second, and how long the server may take for one.
per_second = 50
timeout = "20s"
"#;

/// How a mail server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Tls,
    StartTls,
    None,
}

#[derive(Debug)]
struct Email {
    server: String,
    port: u16,
    security: Security,
    from: Mailbox,
    login: Option<(String, Secret)>,
    pace: Pace,
}

fn read(section: Section<'_>, layers: &Layers) -> Option<Arc<dyn Settings>> {
    let server: Option<String> = section.required("server");
    let security = match section.located::<String>("security") {
        None => Some(Security::StartTls),
        Some(typed) => match typed.value.as_str() {
            "tls" => Some(Security::Tls),
            "starttls" => Some(Security::StartTls),
            "none" => Some(Security::None),
            other => {
                let wrong = format!("`security` cannot be {other:?}");
                section.mistakes().add(&typed.origin, wrong, "write one of: tls, starttls, none");
                None
            }
        },
    };
    let port = section.optional::<u16>("port");
    let from = section.required_at::<String>("from").and_then(|typed| {
        let from = typed.value.parse::<Mailbox>().ok();
        if from.is_none() {
            let wrong = format!("{:?} is no mail address", typed.value);
            section.mistakes().add(&typed.origin, wrong, "write it as \"Warnings <warning@example.city>\"");
        }
        from
    });
    let username: Option<String> = section.optional("username");
    let password = Secret::read(&section, "password", "password_file", layers);
    if username.is_some() != password.is_some() {
        section.complain("`username` and `password` go together", "write both, or neither");
    }
    let pace = webhook::pace(&section, 8);
    section.finish();
    let security = security?;
    let usual = match security {
        Security::Tls => 465,
        Security::StartTls => 587,
        Security::None => 25,
    };
    let port = port.unwrap_or(usual);
    Some(Arc::new(Email { server: server?, port, security, from: from?, login: username.zip(password), pace }))
}

impl Settings for Email {
    fn name(&self) -> String {
        "email".into()
    }

    fn build(&self, tools: &Tools) -> miette::Result<Arc<dyn Channel>> {
        Ok(Arc::new(self.make(tools)?))
    }

    fn mailer(&self, tools: &Tools) -> Option<miette::Result<Mailer>> {
        Some(self.make(tools))
    }
}

impl Email {
    fn make(&self, tools: &Tools) -> miette::Result<Mailer> {
        let failed = |error: lettre::transport::smtp::Error| miette!("the mail server cannot be used: {error}");
        let builder = match self.security {
            Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&self.server).map_err(failed)?,
            Security::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&self.server).map_err(failed)?,
            Security::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.server),
        };
        let mut builder = builder.port(self.port).timeout(Some(self.pace.patience));
        // The machine's own name is nobody's business.
        builder = builder.hello_name(ClientId::Domain(tools.speaker.sender.clone()));
        if let Some((username, password)) = &self.login {
            builder = builder.credentials(Credentials::new(username.clone(), password.reveal().to_owned()));
        }
        let sender = tools.speaker.sender.clone();
        Ok(Mailer {
            transport: builder.build(),
            from: self.from.clone(),
            sender,
            pace: self.pace,
            links: tools.links.clone(),
        })
    }
}

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    sender: String,
    pace: Pace,
    links: Arc<Links>,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

/// A header that the library has no type for.
macro_rules! header {
    ($(#[$doc:meta])* $type:ident, $name:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok($type(text.into()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header!(
    /// Where a mail program unsubscribes.
    ListUnsubscribe,
    "List-Unsubscribe"
);
header!(
    /// That one request there is enough (RFC 8058).
    ListUnsubscribePost,
    "List-Unsubscribe-Post"
);
header!(
    /// That no person wrote it, so that no machine answers.
    AutoSubmitted,
    "Auto-Submitted"
);
header!(
    /// The same for every attempt.
    IdempotencyKey,
    "Idempotency-Key"
);

/// One letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To whom.
    pub to: String,
    /// About what.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// Where its reader unsubscribes.
    pub unsubscribe: String,
    /// Names it, for ever.
    pub key: String,
}

impl Mailer {
    /// Sends a letter.
    pub async fn send(&self, letter: &Letter) -> Outcome {
        let Ok(to) = letter.to.parse::<Mailbox>() else { return Outcome::Rejected("no mail address".into()) };
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{}>", letter.key, self.sender)))
            .header(ListUnsubscribe(format!("<{}>", letter.unsubscribe)))
            .header(ListUnsubscribePost("List-Unsubscribe=One-Click".into()))
            .header(AutoSubmitted("auto-generated".into()))
            .header(IdempotencyKey(letter.key.clone()))
            .singlepart(SinglePart::plain(letter.body.clone()));
        let message = match message {
            Ok(message) => message,
            Err(error) => return Outcome::Rejected(error.to_string()),
        };
        match self.transport.send(message).await {
            Ok(response) => Outcome::Sent(response.code().to_string()),
            Err(error) if error.is_permanent() => Outcome::Rejected(error.to_string()),
            Err(error) => {
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                Outcome::Retry(None, format!("{error}{cause}"))
            }
        }
    }
}

fn target(subscriber: Subscriber) -> Target {
    Target { id: subscriber.id, address: subscriber.address, language: subscriber.language }
}

impl Channel for Mailer {
    fn pace(&self) -> Pace {
        Pace { patience: self.pace.patience + Duration::from_secs(5), ..self.pace }
    }

    fn targets(&self, notice: &Notice, reader: &Reader) -> rusqlite::Result<Vec<Target>> {
        let all = reader.subscribers("email")?.into_iter();
        Ok(all.filter(|subscriber| notice.is_wanted(&Filter::of(subscriber))).map(target).collect())
    }

    fn target(&self, id: &str, reader: &Reader) -> rusqlite::Result<Option<Target>> {
        Ok(reader.subscriber(id)?.filter(|subscriber| subscriber.confirmed.is_some()).map(target))
    }

    fn deliver<'a>(&'a self, notice: &'a Notice, target: &'a Target, key: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let language = Language::of_tag(&target.language).unwrap_or(Language::Ko);
            match notice.words(language) {
                Ok(words) => self.send(&letter(&self.links, &words, target, language, key)).await,
                Err(unfilled) => Outcome::Rejected(unfilled.to_string()),
            }
        })
    }
}
