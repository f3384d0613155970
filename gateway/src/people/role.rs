//! Roles, and what each may do: one table, [`MAY`].

use bongsu_sensors::Level;
use serde::{Deserialize, Serialize};

/// What somebody may do is a matter of the role, never of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Watches: acknowledges, takes on, silences what is low, begins exercises, reports what agencies say.
    Operator,
    /// Decides what is said to the public.
    Approver,
    /// Writes rules, and looks.
    RuleAuthor,
    /// Everything, people included.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Viewer, Role::Operator, Role::Approver, Role::RuleAuthor, Role::Admin];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::RuleAuthor => "rule_author",
            Role::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether it may do something.
    pub fn may(self, ability: Ability) -> bool {
        MAY.iter().any(|(known, roles)| *known == ability && roles.contains(&self))
    }

    /// The highest level it may silence: what would warn the public is silenced by those who decide on it.
    pub fn may_silence(self) -> Level {
        match self {
            Role::Viewer | Role::RuleAuthor => Level::None,
            Role::Operator => Level::Watch,
            Role::Approver | Role::Admin => Level::Emergency,
        }
    }
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Change one's own password and codes, and log out.
    Own,
    /// See incidents, stations and observations.
    Look,
    /// Acknowledge, take on, write notes.
    Handle,
    /// Keep quiet what is known.
    Silence,
    /// Begin and end exercises.
    Exercise,
    /// Report what agencies and people say.
    Report,
    /// Approve, reject, cancel, end.
    Decide,
    /// Change rules.
    Rules,
    /// Read the audit.
    Audit,
    /// Accounts and tokens.
    People,
}

/// Those who watch, and those who decide.
const ON_DUTY: &[Role] = &[Role::Operator, Role::Approver, Role::Admin];

/// Those who decide what is said to the public.
const DECIDING: &[Role] = &[Role::Approver, Role::Admin];

/// Who may what.
pub const MAY: &[(Ability, &[Role])] = &[
    (Ability::Own, &Role::ALL),
    (Ability::Look, &Role::ALL),
    (Ability::Handle, ON_DUTY),
    (Ability::Silence, ON_DUTY),
    (Ability::Exercise, ON_DUTY),
    (Ability::Report, ON_DUTY),
    (Ability::Decide, DECIDING),
    (Ability::Rules, &[Role::RuleAuthor, Role::Admin]),
    (Ability::Audit, DECIDING),
    (Ability::People, &[Role::Admin]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Admin, Approver, Operator, RuleAuthor};

    #[test]
    fn every_role_has_a_name_and_may_do_what_the_table_says() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
            assert!(role.may(Ability::Look) && role.may(Ability::Own));
            assert_eq!(role.may(Ability::Silence), role.may_silence() > Level::None, "{role:?}");
        }
        let who = |ability| Role::ALL.into_iter().filter(|role| role.may(ability)).collect::<Vec<_>>();
        assert_eq!(who(Ability::Decide), [Approver, Admin]);
        assert_eq!(who(Ability::People), [Admin]);
        assert_eq!(who(Ability::Rules), [RuleAuthor, Admin]);
        assert_eq!(who(Ability::Handle), [Operator, Approver, Admin]);
    }
}
