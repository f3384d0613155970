//! Accounts that the city's own login may vouch for. The provider says who somebody is; which account that is, and
//! whether it may be entered, is an administrator's word, never a claim of the provider.

use super::account::{User, Vouched};
use super::{LINK_LASTS, People};
use crate::oidc::{Refusal, Vouchee};
use crate::store::people::Change;
use bongsu_sensors::Time;
use serde::{Deserialize, Serialize};

/// Longest subject.
const LONGEST: usize = 255;

/// What an administrator wants for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The provider's name for the person; `None`: the first one who comes under the account's name, within three days.
    pub subject: Option<String>,
    /// A password opens the account no more.
    pub only: bool,
}

impl Wanted {
    /// The same as it is kept; `None`: this can be no subject.
    pub fn of(self, issuer: &str, now: Time) -> Option<Vouched> {
        let fits = |subject: &String| {
            (1..=LONGEST).contains(&subject.len()) && subject.bytes().all(|byte| (32..127).contains(&byte))
        };
        let is_good = self.subject.as_ref().is_none_or(fits);
        let (issuer, until) = (issuer.to_owned(), now + LINK_LASTS);
        is_good.then_some(Vouched { issuer, subject: self.subject, until, only: self.only })
    }
}

/// The account of somebody whom the provider vouches for, and what binds the two when they meet for the first time.
///
/// # Errors
/// Why there is none, or why it stays closed.
pub fn account(people: &People, vouchee: &Vouchee, now: Time) -> Result<(User, Option<Change>), Refusal> {
    let is_theirs = |vouched: &Vouched| {
        vouched.issuer == vouchee.issuer && vouched.subject.as_deref() == Some(vouchee.subject.as_str())
    };
    let open = |user: User| if user.disabled.is_none() { Ok(user) } else { Err(Refusal::Disabled) };
    if let Some(user) = people.users().into_iter().find(|user| user.vouched.as_ref().is_some_and(is_theirs)) {
        return Ok((open(user)?, None));
    }
    // A name decides once, and only where an administrator has just said that it may.
    let name = vouchee.name.as_deref().unwrap_or_default();
    let short = || name.chars().take(super::account::NAME_LIMIT).collect();
    let user = open(people.user(name).ok_or_else(|| Refusal::Unknown(short()))?)?;
    let vouched = user.vouched.as_ref().filter(|vouched| vouched.issuer == vouchee.issuer);
    let vouched = vouched.ok_or(Refusal::NotAllowed)?;
    if vouched.subject.is_some() {
        return Err(Refusal::Taken);
    }
    if now >= vouched.until {
        return Err(Refusal::Late);
    }
    let Vouchee { issuer, subject, .. } = vouchee.clone();
    let bind = Change::Bind { username: user.username.clone(), issuer, subject, at: now };
    Ok((user, Some(bind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::role::Role;
    use crate::store::Store;
    use bongsu_rules::incident::Status;

    const CITY: &str = "https://id.example.city";

    fn vouchee(issuer: &str, subject: &str, name: &str) -> Vouchee {
        Vouchee { issuer: issuer.into(), subject: subject.into(), name: Some(name.into()) }
    }

    #[test]
    fn a_subject_is_bound_once_and_to_one_account() {
        let folder = tempfile::tempdir().expect("folder");
        let mut store = Store::open(&folder.path().join("city.db"), Status::Test, 10).expect("store");
        let people = People::default();
        let now = Time::parse("2026-07-08T00:00:00Z").expect("a time");
        for name in ["kim", "lee", "root"] {
            let password = (name == "root").then(|| "a hash".to_owned());
            let user = User { password, ..User::new(name, Role::Admin, now) };
            assert!(store.change_people(&[Change::AddUser(user)], &[]).expect("written"));
        }
        people.refresh(&store).expect("taken up");
        let refused = |who: &Vouchee, at: Time| account(&people, who, at).expect_err("refused");
        assert_eq!(refused(&vouchee(CITY, "s-1", "kim"), now), Refusal::NotAllowed);
        let allow = |name: &str, subject: Option<&str>, only: bool| {
            let wanted = Wanted { subject: subject.map(str::to_owned), only };
            Change::Vouch { username: name.into(), vouched: wanted.of(CITY, now) }
        };
        assert!(store.change_people(&[allow("kim", None, false), allow("lee", None, true)], &[]).expect("written"));
        people.refresh(&store).expect("taken up");
        assert_eq!(refused(&vouchee("https://other.city", "s-1", "kim"), now), Refusal::NotAllowed);
        assert_eq!(refused(&vouchee(CITY, "s-1", "nobody"), now), Refusal::Unknown("nobody".into()));
        assert_eq!(refused(&vouchee(CITY, "s-1", "kim"), now + LINK_LASTS), Refusal::Late);
        let (user, bind) = account(&people, &vouchee(CITY, "s-1", "kim"), now).expect("let in");
        assert_eq!(user.username, "kim");
        let bind = bind.expect("bound at the first meeting");
        assert!(store.change_people(std::slice::from_ref(&bind), &[]).expect("written"));
        assert!(!store.change_people(&[bind], &[]).expect("written"), "bound twice");
        people.refresh(&store).expect("taken up");
        // From now on the subject decides, whatever it is called.
        let (user, bind) = account(&people, &vouchee(CITY, "s-1", "lee"), now + LINK_LASTS).expect("let in");
        assert_eq!((user.username.as_str(), bind.is_none()), ("kim", true));
        assert_eq!(refused(&vouchee(CITY, "s-2", "kim"), now), Refusal::Taken);
        // One person is not two accounts: two must agree on some things.
        assert!(!store.change_people(&[allow("lee", Some("s-1"), false)], &[]).expect("written"));
        let again = Change::Bind { username: "lee".into(), issuer: CITY.into(), subject: "s-1".into(), at: now };
        assert!(!store.change_people(&[again], &[]).expect("written"));
        // The last administrator with a password keeps it.
        assert!(!store.change_people(&[allow("root", Some("s-3"), true)], &[]).expect("written"));
        assert!(store.change_people(&[allow("root", Some("s-3"), false)], &[]).expect("written"));
        let disable = Change::Disable { username: "kim".into(), at: now };
        assert!(store.change_people(&[disable], &[]).expect("written"));
        people.refresh(&store).expect("taken up");
        assert_eq!(refused(&vouchee(CITY, "s-1", "kim"), now), Refusal::Disabled);
    }

    fn city(users: &[(&str, Role)]) -> (tempfile::TempDir, Store, Time) {
        let folder = tempfile::tempdir().expect("folder");
        let mut store = Store::open(&folder.path().join("city.db"), Status::Test, 10).expect("store");
        let now = Time::parse("2026-07-08T00:00:00Z").expect("a time");
        for (name, role) in users {
            assert!(store.change_people(&[Change::AddUser(User::new(name, *role, now))], &[]).expect("written"));
        }
        (folder, store, now)
    }

    #[test]
    fn a_known_subject_stays_until_it_is_taken_away() {
        let (_folder, mut store, now) = city(&[("lee", Role::Viewer)]);
        let mut vouch = |wanted: Option<(Option<&str>, &str)>| {
            let vouched = wanted.and_then(|(subject, issuer)| {
                Wanted { subject: subject.map(str::to_owned), only: true }.of(issuer, now)
            });
            assert!(store.change_people(&[Change::Vouch { username: "lee".into(), vouched }], &[]).expect("written"));
            store.users().expect("read")[0].vouched.clone().and_then(|vouched| vouched.subject)
        };
        assert_eq!(vouch(Some((Some("s-1"), CITY))).as_deref(), Some("s-1"));
        assert_eq!(vouch(Some((None, CITY))).as_deref(), Some("s-1"), "nobody comes first twice");
        assert_eq!(vouch(Some((Some("s-2"), CITY))).as_deref(), Some("s-2"), "another is named");
        assert_eq!(vouch(Some((None, "https://other.city"))), None, "another provider knows other subjects");
        assert_eq!(vouch(None), None);
        assert_eq!(vouch(Some((None, CITY))), None, "after it was taken away, somebody comes first");
    }

    #[test]
    fn who_must_be_shut_out_can_be_where_no_administrator_has_a_password() {
        let (_folder, mut store, now) =
            city(&[("root", Role::Admin), ("lee", Role::Approver), ("park", Role::Approver)]);
        let mut change = |change: Change| store.change_people(&[change], &[]).expect("written");
        let disable = |name: &str| Change::Disable { username: name.into(), at: now };
        let role = |name: &str, role: Role| Change::Role { username: name.into(), role };
        assert!(change(role("lee", Role::Viewer)) && change(disable("lee")), "there was nobody before");
        let vouched = Wanted { subject: Some("s-1".into()), only: true }.of(CITY, now);
        assert!(change(Change::Vouch { username: "root".into(), vouched }));
        assert!(!change(disable("root")) && !change(role("root", Role::Viewer)), "the last administrator of all");
        assert!(!change(Change::Vouch { username: "root".into(), vouched: None }));
        assert!(change(role("park", Role::Viewer)) && change(disable("park")));
    }

    #[test]
    fn only_who_is_still_vouched_for_is_let_in() {
        let (_folder, mut store, now) = city(&[("lee", Role::Viewer)]);
        let still = Change::StillVouched { username: "lee".into(), issuer: CITY.into(), subject: "s-1".into() };
        let mut vouch = |subject: Option<&str>| {
            let vouched =
                subject.and_then(|subject| Wanted { subject: Some(subject.into()), only: false }.of(CITY, now));
            assert!(store.change_people(&[Change::Vouch { username: "lee".into(), vouched }], &[]).expect("written"));
            store.change_people(std::slice::from_ref(&still), &[]).expect("written")
        };
        assert!(vouch(Some("s-1")));
        assert!(!vouch(Some("s-2")), "given to somebody else");
        assert!(vouch(Some("s-1")) && !vouch(None), "taken away");
    }
}
