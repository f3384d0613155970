//! Why somebody whom the city's login sends is not let in: a word for the page, and a sentence for the audit.

/// Longest text of others that is repeated.
const QUOTED: usize = 120;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The state or the cookie fits no login that waits.
    #[error("this browser began no such login, or it was used or took too long")]
    Stray,
    /// The provider, or the person there, says no.
    #[error("the provider says no: {0}")]
    Denied(String),
    /// The provider cannot be asked.
    #[error("the provider cannot be asked: {0}")]
    Away(String),
    /// What the provider signed cannot be believed.
    #[error("the token cannot be believed: {0}")]
    Distrusted(#[from] Distrust),
    /// There is no such account.
    #[error("there is no account {0:?}")]
    Unknown(String),
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// No administrator has allowed the account to be entered like this.
    #[error("no administrator has let the provider vouch for the account")]
    NotAllowed,
    /// It was allowed, and nobody came in time.
    #[error("the provider was let vouch for the account, and nobody came in time")]
    Late,
    /// The account is another person's of the same name.
    #[error("the account belongs to another subject of the provider")]
    Taken,
    /// Too many wrong tries.
    #[error("too many wrong tries")]
    Braked,
}

/// Why a token cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is no token.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is signed in a way that is not accepted.
    #[error("it is signed by the algorithm {0:?}, and RS256, ES256 or EdDSA is wanted")]
    Algorithm(String),
    /// No key of the provider has the name it gives.
    #[error("the provider has no such key")]
    UnknownKey,
    /// The signature is another's.
    #[error("the signature is wrong")]
    Signature,
    /// Another provider made it.
    #[error("another provider made it")]
    Issuer,
    /// It is meant for somebody else.
    #[error("it is meant for another client")]
    Audience,
    /// It was given to somebody else.
    #[error("it was given to another client")]
    Party,
    /// It belongs to another login.
    #[error("it belongs to another login")]
    Nonce,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet, so one of the two clocks is wrong")]
    Early,
    /// It is older than the login.
    #[error("it was made before the login began, so it is old or one of the two clocks is wrong")]
    Old,
}

impl Refusal {
    /// The word by which the console's page explains it.
    pub fn name(&self) -> &'static str {
        match self {
            Refusal::Stray => "stray",
            Refusal::Denied(_) => "denied",
            Refusal::Away(_) => "away",
            Refusal::Distrusted(Distrust::Expired | Distrust::Early | Distrust::Old) => "clock",
            Refusal::Distrusted(_) => "distrusted",
            Refusal::Unknown(_) => "unknown",
            Refusal::Disabled => "disabled",
            Refusal::NotAllowed => "not_allowed",
            Refusal::Late => "late",
            Refusal::Taken => "taken",
            Refusal::Braked => "braked",
        }
    }

    /// Whether the one who came counts as somebody who guesses: not where the provider is away.
    pub fn is_a_wrong_try(&self) -> bool {
        !matches!(self, Refusal::Away(_) | Refusal::Braked)
    }
}

/// A text of others, as far as it can stand in a line of ours.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_graphic() || *letter == ' ').take(QUOTED).collect()
}
