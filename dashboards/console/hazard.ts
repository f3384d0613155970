// What can happen, by the names that rules and the API use.

import { tongue } from "./words";

interface Hazard {
  id: string;
  name: [string, string];
  /** Whether people are endangered, not only a service. */
  endangers: boolean;
}

const hazard = (id: string, ko: string, en: string, endangers = true): Hazard => ({ id, name: [ko, en], endangers });

/** What comes over a whole stretch of land or water: found side by side it is one event. */
const SPREADING = new Set(["river_flood", "urban_flood", "heavy_rain", "dam_release", "tide", "landslide", "earthquake", "outage"]);
export const spreads = (id: string): boolean => SPREADING.has(id);

export const HAZARDS: Hazard[] = [
  hazard("river_flood", "하천 범람", "River flooding"), hazard("urban_flood", "도심 침수", "Urban flooding"),
  hazard("underpass_flood", "지하차도 침수", "Underpass flooding"), hazard("heavy_rain", "호우", "Heavy rain"),
  hazard("dam_release", "댐 방류", "Dam release"), hazard("tide", "높은 조위", "High tide"), hazard("landslide", "산사태", "Landslide"),
  hazard("structure", "시설물 이상", "Structural damage"), hazard("earthquake", "지진", "Earthquake"),
  hazard("charger_fire", "충전 대여소 화재", "Charger station fire"), hazard("crowd", "인파 밀집", "Crowding"),
  hazard("charger_stockout", "대여 배터리 부족", "Charger stock-out", false), hazard("lending", "대여 미반납", "Lending ledger", false),
  hazard("outage", "광역 장애", "Outage", false), hazard("wifi", "공공 와이파이", "Public WiFi", false),
  hazard("infrastructure", "도시 기반시설", "City infrastructure", false), hazard("security", "보안 사건", "Security event", false),
  hazard("rule_failure", "규칙 오류", "Rule failure", false), hazard("sensor_health", "센서 이상", "Sensor health", false),
];

export const hazardName = (id: string): string => {
  const found = HAZARDS.find((one) => one.id === id);
  return found ? found.name[tongue === "ko" ? 0 : 1] : id;
};
