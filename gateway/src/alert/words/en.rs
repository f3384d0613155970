//! English.

use super::{Words, words};

/// For a hazard that the table lacks.
pub const ANY: Words = words(
    "",
    "danger",
    "Something dangerous has happened.",
    ["Listen for announcements.", "Keep away from the danger.", "Move to a safe place now."],
    ["Listen for announcements.", "Keep away from the danger.", "Go to a safe place now."],
);

/// Every hazard.
pub const ALL: &[Words] = &[
    words(
        "river_flood",
        "river flooding",
        "The river has risen.",
        [
            "Keep away from the river. Listen for announcements.",
            "Leave river banks, paths under bridges and riverside car parks at once. Check where you would go.",
            "Move to high ground or a shelter now. Do not cross flooded roads.",
        ],
        ["Keep away from the river.", "Leave the river banks at once.", "Go to high ground or shelter now."],
    ),
    words(
        "urban_flood",
        "urban flooding",
        "Rain water is rising in the streets.",
        [
            "Avoid basements and low roads. Prepare flood boards.",
            "Leave basements and underground car parks. Do not go back for your car.",
            "Go upstairs or to high ground now. Do not go underground.",
        ],
        ["Avoid basements and low roads.", "Leave basements and car parks.", "Go upstairs or to high ground now."],
    ),
    words(
        "underpass_flood",
        "underpass flood",
        "Water is filling the underpass.",
        [
            "Take another road instead of the underpass.",
            "Do not enter the underpass. If you are inside, leave at once.",
            "Never enter the underpass. If you are inside, leave the car and walk out.",
        ],
        ["Take another road.", "Keep out. If inside, leave at once.", "Keep out. If inside, abandon car."],
    ),
    words(
        "heavy_rain",
        "heavy rain",
        "It is raining very hard.",
        [
            "Stop activities in valleys and by rivers. Check your way before you go out.",
            "Stay in where you can. Leave valleys, river banks and basements.",
            "If you are in a basement, go upstairs now. Leave the waterside. Otherwise stay indoors.",
        ],
        ["Keep off valleys and rivers.", "Leave valleys, rivers and basements.", "Leave basements now. Stay upstairs."],
    ),
    words(
        "dam_release",
        "dam release",
        "A dam is letting out water.",
        [
            "Leave the river bed and the water's edge. The water can rise suddenly.",
            "Leave riverside camp sites, car parks and fishing spots at once.",
            "Move to high ground away from the river now.",
        ],
        ["Leave the water's edge.", "Leave the riverside at once.", "Go uphill, away from the river, now."],
    ),
    words(
        "tide",
        "coastal flood",
        "The sea is coming in high.",
        [
            "Keep off mud flats, breakwaters and sea-front paths.",
            "Leave low ground and car parks by the sea.",
            "Move to high ground away from the sea now.",
        ],
        ["Keep off mud flats and breakwaters.", "Leave low ground by the sea.", "Go uphill, away from the sea, now."],
    ),
    words(
        "landslide",
        "landslide",
        "Wet slopes may collapse.",
        [
            "Keep away from slopes and valleys.",
            "Stop hiking. Below a slope, get ready to leave.",
            "Move to a shelter away from the slope now.",
        ],
        ["Keep away from slopes.", "Leave the hills. Get ready to evacuate.", "Go to a shelter away from slopes now."],
    ),
    words(
        "structure",
        "structural damage",
        "The structure moves as it should not.",
        [
            "Avoid this structure where you can.",
            "Do not enter this structure. Take another way.",
            "Leave this structure now and keep far away.",
        ],
        ["Avoid it where you can.", "Do not enter. Take another way.", "Get out now and keep far away."],
    ),
    words(
        "earthquake",
        "earthquake",
        "The ground has shaken.",
        [
            "While it shakes, protect your head and keep away from what may fall.",
            "Shelter under a table. When the shaking stops, leave by the stairs.",
            "Protect your head. When the shaking stops, go to an open place away from buildings. Do not use lifts.",
        ],
        ["Protect your head.", "Protect your head under a table.", "Cover your head; go out once it stops."],
    ),
    words(
        "charger_fire",
        "power bank fire",
        "A battery has become dangerously hot.",
        [
            "Do not use this charger station. Stand back.",
            "Keep far from it and do not touch batteries. If you see smoke, call 119.",
            "Leave the building now and call 119. Do not breathe the smoke.",
        ],
        ["Do not use it. Stand back.", "Keep far away. Smoke: call 119.", "Leave the building now. Call 119."],
    ),
    words(
        "charger_stockout",
        "no power banks to lend",
        "No power bank is left.",
        ["Use another charger station nearby."; 3],
        ["Use another station nearby."; 3],
    ),
    words(
        "lending",
        "power banks not returned",
        "Power banks have not been returned.",
        ["Return what you borrowed at any charger station."; 3],
        ["Return your power bank."; 3],
    ),
    words(
        "outage",
        "outage",
        "Power or networks failed in several places.",
        [
            "Save the battery of your phone.",
            "Do not use lifts. Look after neighbours who need help.",
            "Do not use lifts. Avoid roads without traffic lights. In an emergency call 119.",
        ],
        ["Save your phone's battery.", "Do not use lifts.", "Stay in a safe place. Emergency: 119."],
    ),
    words(
        "wifi",
        "public WiFi failure",
        "The public WiFi has failed.",
        ["Use mobile data or another WiFi nearby."; 3],
        ["Use mobile data."; 3],
    ),
    words(
        "crowd",
        "crowding",
        "There are too many people.",
        [
            "Avoid this place and take another way.",
            "Go no further in. Walk slowly to where there are fewer people.",
            "Go no further in. Do not push. Protect your chest with your arms and move slowly to where there are fewer people.",
        ],
        ["Take another way.", "Go no further in; walk out slowly.", "Do not push. Move slowly to open space."],
    ),
    words(
        "infrastructure",
        "infrastructure failure",
        "A service of the city does not work as it should.",
        [
            "Check the announcements of the service.",
            "Prepare to do without this service.",
            "Do not use this service and follow instructions on site.",
        ],
        ["Check announcements.", "Prepare to do without it.", "Do not use it. Follow instructions."],
    ),
    words(
        "security",
        "security event",
        "A city computer system was accessed suspiciously.",
        ["Do not open suspicious messages or links."; 3],
        ["Do not open suspicious links."; 3],
    ),
    words(
        "rule_failure",
        "rule failure",
        "A rule cannot be run.",
        ["Inspect the rule and its inputs."; 3],
        ["Inspect the rule and its inputs."; 3],
    ),
    words(
        "sensor_health",
        "sensor fault",
        "A sensor cannot be believed.",
        ["Inspect the sensor on site."; 3],
        ["Inspect the sensor on site."; 3],
    ),
];
