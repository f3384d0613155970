//! Devices in the store.

use super::audit::{self, Draft};
use super::{Store, StoreError};
use crate::device::Device;
use rusqlite::params;

impl Store {
    /// Adds a device, or changes the one of that name, with the audit's word where somebody at the console did it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn put_device(&mut self, device: &Device, audit: Option<Draft>) -> Result<(), StoreError> {
        let stations = serde_json::to_string(&device.stations).map_err(|cause| self.damaged("device", &cause))?;
        let row = params![device.username, device.digest, stations, device.created, device.revoked, device.certificate];
        let failed = self.failed();
        let to = self.connection.transaction().map_err(&failed)?;
        let done = to.execute(
            "INSERT OR REPLACE INTO device (username, digest, stations, created, revoked, certificate)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            row,
        );
        done.map_err(&failed)?;
        let drafts: Vec<Draft> = audit.into_iter().collect();
        audit::append(&to, &drafts).map_err(&failed)?;
        to.commit().map_err(&failed)
    }

    /// All devices, revoked ones included, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn devices(&self) -> Result<Vec<Device>, StoreError> {
        let failed = self.failed();
        let sql = "SELECT username, digest, stations, created, revoked, certificate FROM device ORDER BY username";
        let mut statement = self.connection.prepare(sql).map_err(&failed)?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        };
        let rows = statement.query_map([], row).map_err(&failed)?;
        let mut devices = Vec::new();
        for row in rows {
            let (username, digest, stations, created, revoked, certificate) = row.map_err(&failed)?;
            let stations = serde_json::from_str(&stations).map_err(|cause| self.damaged("device", &cause))?;
            devices.push(Device { username, digest, stations, created, revoked, certificate });
        }
        Ok(devices)
    }
}
