//! What is observed, in the languages that the table of kinds does not speak.

use super::Language;
use bongsu_sensors::kind::Kind;

/// Names of kinds. Columns: name, Chinese, Japanese.
#[rustfmt::skip]
const NAMES: &[(&str, &str, &str)] = &[
    ("agency_level",             "机构发布级别",         "機関の発表段階"),
    ("emergency_calls",          "119报警件数",          "119番通報件数"),
    ("planned_release",          "水坝计划泄流量",       "ダムの計画放流量"),
    ("river_stage",              "河流水位",             "河川水位"),
    ("river_discharge",          "河流流量",             "河川流量"),
    ("reservoir_level",          "水库水位",             "貯水池水位"),
    ("reservoir_inflow",         "水坝入流量",           "ダム流入量"),
    ("reservoir_outflow",        "水坝泄流量",           "ダム放流量"),
    ("reservoir_volume",         "蓄水率",               "貯水率"),
    ("tide_level",               "潮位",                 "潮位"),
    ("sewer_level",              "下水道水位",           "下水道管水位"),
    ("road_water_depth",         "道路积水深度",         "道路の冠水の深さ"),
    ("underpass_water_depth",    "地下车道积水深度",     "アンダーパスの冠水の深さ"),
    ("barrier_state",            "栏杆状态",             "遮断機の状態"),
    ("rainfall",                 "降雨量",               "降水量"),
    ("rainfall_counter",         "累计降雨计数",         "累積雨量カウンター"),
    ("soil_moisture",            "土壤水分",             "土壌水分"),
    ("pore_pressure",            "孔隙水压",             "間隙水圧"),
    ("temperature",              "气温",                 "気温"),
    ("wind_speed",               "风速",                 "風速"),
    ("tilt",                     "倾斜",                 "傾斜"),
    ("strain",                   "应变",                 "ひずみ"),
    ("displacement",             "位移",                 "変位"),
    ("bearing_force",            "支座反力",             "支承反力"),
    ("crack_width",              "裂缝宽度",             "ひび割れ幅"),
    ("acceleration",             "加速度",               "加速度"),
    ("ground_acceleration",      "地面加速度",           "地盤加速度"),
    ("vibration_frequency",      "固有频率",             "固有振動数"),
    ("battery_voltage",          "电池电压",             "電池電圧"),
    ("mains_power",              "市电",                 "商用電源"),
    ("charger_available",        "可借充电宝",           "貸出可能なバッテリー"),
    ("charger_slots",            "可还空位",             "返却可能な空き"),
    ("charger_rentals",          "借出件数",             "貸出件数"),
    ("charger_slot_temperature", "充电仓温度",           "充電スロットの温度"),
    ("charger_slot_voltage",     "充电仓电压",           "充電スロットの電圧"),
    ("banks_overdue",            "逾期未还充电宝",       "返却期限を過ぎたバッテリー"),
    ("banks_lost",               "丢失充电宝",           "紛失したバッテリー"),
    ("wifi_up",                  "公共WiFi运行",         "公衆WiFiの稼働"),
    ("wifi_clients",             "WiFi连接数",           "WiFi接続数"),
    ("site_up",                  "网站运行",             "サイトの稼働"),
    ("site_latency",             "网站响应时间",         "サイトの応答時間"),
    ("auth_failures",            "登录失败",             "ログイン失敗"),
    ("access_denials",           "拒绝访问",             "アクセス拒否"),
    ("cell_up",                  "移动基站运行",         "携帯基地局の稼働"),
    ("signal_up",                "交通信号运行",         "交通信号の稼働"),
    ("lights_up",                "路灯回路运行",         "街灯回路の稼働"),
    ("gas_pressure",             "城市燃气压力",         "都市ガスの圧力"),
    ("water_pressure",           "自来水水压",           "上水道の水圧"),
    ("pipe_flow",                "管道流量",             "管路流量"),
    ("road_speed",               "道路通行速度",         "道路の通行速度"),
    ("subway_delay",             "地铁延误",             "地下鉄の遅れ"),
    ("heat_supply_temperature",  "集中供热供水温度",     "地域暖房の供給温度"),
    ("heat_pressure",            "集中供热压力",         "地域暖房の圧力"),
];

/// What a kind is called.
pub fn title(kind: &Kind, language: Language) -> &'static str {
    let (korean, english) = kind.title;
    let others = || NAMES.iter().find(|(name, ..)| *name == kind.name);
    match language {
        Language::Ko => korean,
        Language::En => english,
        Language::Zh => others().map_or(english, |(_, chinese, _)| chinese),
        Language::Ja => others().map_or(english, |(.., japanese)| japanese),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sensors::kind::ALL;

    #[test]
    fn every_kind_has_a_name_in_every_language() {
        let known = ALL.iter().map(|kind| kind.name).ne(NAMES.iter().map(|(name, ..)| *name));
        let named: Vec<&str> = NAMES.iter().map(|(name, ..)| *name).collect();
        let kinds: Vec<&str> = ALL.iter().map(|kind| kind.name).collect();
        assert!(!known, "{kinds:?}\n{named:?}");
        for kind in ALL {
            let all = Language::ALL.map(|language| title(kind, language));
            assert!(all.iter().all(|title| !title.is_empty()), "{}", kind.name);
        }
    }
}
