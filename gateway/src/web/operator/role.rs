//! What each role may do, for those who choose one: the table of [`crate::people::role`].

use crate::people::Who;
use crate::people::role::{Ability, MAY, Role};
use crate::web::json_of;
use axum::response::Response;
use bongsu_sensors::Level;
use serde::Serialize;

/// A role.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Allowed {
    role: Role,
    /// What it may do.
    may: Vec<Ability>,
    /// The highest level it may silence.
    #[schema(value_type = String)]
    silences: Level,
}

/// The roles.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Roles {
    roles: Vec<Allowed>,
}

/// The roles, and what each may do.
#[utoipa::path(get, path = "/api/v1/roles", tag = "people",
    responses((status = 200, body = Roles), super::openapi::Faults))]
pub async fn list(_: Who) -> Response {
    let allowed = |role: Role| Allowed {
        role,
        may: MAY.iter().filter(|(_, roles)| roles.contains(&role)).map(|(ability, _)| *ability).collect(),
        silences: role.may_silence(),
    };
    json_of(&Roles { roles: Role::ALL.into_iter().map(allowed).collect() })
}
