//! What the shop sells: departments, their categories and products, with the price of each in cents.

pub(super) struct Department {
    pub(super) name: &'static str,
    /// How well it sells from January to December; 100 is ordinary.
    pub(super) season: [u64; 12],
    pub(super) categories: [Category; 4],
}

pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) products: [(&'static str, i32); 8],
}

pub(super) const DEPARTMENTS: [Department; 6] = [
    Department {
        name: "Kitchen",
        season: [90, 90, 95, 100, 95, 90, 85, 90, 100, 105, 125, 150],
        categories: [
            Category {
                name: "Cookware",
                products: [
                    ("Cast-iron pan 26 cm", 5490),
                    ("Enamel pot 5 l", 6990),
                    ("Crêpe pan", 3290),
                    ("Copper saucepan", 12900),
                    ("Steamer basket", 1990),
                    ("Wok 32 cm", 4790),
                    ("Roasting tin", 3490),
                    ("Milk pan \"Jørgen\"", 2890),
                ],
            },
            Category {
                name: "Coffee & Tea",
                products: [
                    ("Espresso pot, 6 cups", 3490),
                    ("Hand grinder", 5990),
                    ("Pour-over filter", 2490),
                    ("Paper filters, 100", 690),
                    ("Teapot 抹茶", 4290),
                    ("Café au lait bowl", 1290),
                    ("Milk frother", 2190),
                    ("Tea tin", 1190),
                ],
            },
            Category {
                name: "Knives & Boards",
                products: [
                    ("Chef's knife 20 cm", 8990),
                    ("Paring knife", 1490),
                    ("Bread knife", 5490),
                    ("Oak board", 3990),
                    ("Santoku 三徳", 10900),
                    ("Sharpening stone", 4490),
                    ("Kitchen shears", 2290),
                    ("Knife block", 6990),
                ],
            },
            Category {
                name: "Tableware",
                products: [
                    ("Dinner plate", 1290),
                    ("Soup bowl", 990),
                    ("Ramen bowl", 1590),
                    ("Wine glass, set of 4", 3490),
                    ("Cutlery set, 24 pieces", 9900),
                    ("Serving platter", 2990),
                    ("Salt cellar", 890),
                    ("Egg cup \"Ägidius\"", 590),
                ],
            },
        ],
    },
    Department {
        name: "Home",
        season: [100, 95, 90, 90, 85, 80, 80, 90, 105, 120, 135, 145],
        categories: [
            Category {
                name: "Lighting",
                products: [
                    ("Ship's lantern", 7990),
                    ("Desk lamp", 8990),
                    ("Paper lampshade", 2490),
                    ("String lights 10 m", 1990),
                    ("Reading light", 3290),
                    ("Floor lamp \"Öresund\"", 15900),
                    ("Bulb E27", 590),
                    ("Night light", 1490),
                ],
            },
            Category {
                name: "Textiles",
                products: [
                    ("Wool blanket", 8990),
                    ("Linen sheet", 7490),
                    ("Cushion cover", 1990),
                    ("Bath towel", 2490),
                    ("Tea towel, set of 3", 1790),
                    ("Jute rug", 11900),
                    ("Curtain, pair", 6990),
                    ("Apron", 2490),
                ],
            },
            Category {
                name: "Storage",
                products: [
                    ("Sea chest", 18900),
                    ("Wicker basket", 2990),
                    ("Glass jar 1 l", 690),
                    ("Shoe rack", 4990),
                    ("Wall hooks, set of 5", 1690),
                    ("Document box", 1490),
                    ("Clothes rail", 5990),
                    ("Drawer inserts", 1290),
                ],
            },
            Category {
                name: "Candles & Scents",
                products: [
                    ("Beeswax candle", 990),
                    ("Tealights, 50", 790),
                    ("Scented candle \"Fjord\"", 2490),
                    ("Candlestick, brass", 3490),
                    ("Incense 白檀", 890),
                    ("Room spray", 1790),
                    ("Storm lantern", 2990),
                    ("Matches, long", 390),
                ],
            },
        ],
    },
    Department {
        name: "Garden",
        season: [30, 50, 150, 210, 230, 180, 130, 110, 100, 70, 35, 30],
        categories: [
            Category {
                name: "Garden Tools",
                products: [
                    ("Spade", 4490),
                    ("Pruning shears", 3290),
                    ("Watering can 10 l", 2490),
                    ("Garden hose 25 m", 3990),
                    ("Rake", 2790),
                    ("Gloves", 1290),
                    ("Wheelbarrow", 9900),
                    ("Kneeling pad", 990),
                ],
            },
            Category {
                name: "Pots & Planters",
                products: [
                    ("Terracotta pot 20 cm", 890),
                    ("Terracotta pot 40 cm", 2490),
                    ("Hanging planter", 1990),
                    ("Raised bed", 12900),
                    ("Balcony box", 1690),
                    ("Zinc tub", 3490),
                    ("Saucer 20 cm", 290),
                    ("Herb planter", 2290),
                ],
            },
            Category {
                name: "Seeds & Soil",
                products: [
                    ("Tomato seeds \"Señorita\"", 290),
                    ("Basil seeds", 250),
                    ("Sunflower seeds", 250),
                    ("Meadow mix", 590),
                    ("Potting soil 20 l", 790),
                    ("Compost 40 l", 990),
                    ("Jalapeño seeds", 320),
                    ("Tulip bulbs, 25", 890),
                ],
            },
            Category {
                name: "Barbecue",
                products: [
                    ("Kettle grill", 14900),
                    ("Charcoal 5 kg", 890),
                    ("Grill tongs", 1690),
                    ("Skewers, 12", 990),
                    ("Pizza stone", 3490),
                    ("Chimney starter", 2490),
                    ("Grill cover", 1990),
                    ("Smoking chips", 790),
                ],
            },
        ],
    },
    Department {
        name: "Outdoor",
        season: [70, 70, 85, 100, 130, 160, 170, 150, 110, 80, 75, 90],
        categories: [
            Category {
                name: "Tents & Sleeping",
                products: [
                    ("Tent, 2 persons", 24900),
                    ("Tent, 4 persons", 39900),
                    ("Sleeping bag", 11900),
                    ("Sleeping mat", 5990),
                    ("Hammock", 4990),
                    ("Pillow, inflatable", 1990),
                    ("Tarp 3 × 4 m", 6990),
                    ("Tent pegs, 10", 1290),
                ],
            },
            Category {
                name: "Backpacks",
                products: [
                    ("Day pack 22 l", 6990),
                    ("Trekking pack 55 l", 17900),
                    ("Dry bag 20 l", 2490),
                    ("Waist pack", 2990),
                    ("Rain cover", 1690),
                    ("Duffel bag", 8990),
                    ("Child's pack", 3490),
                    ("Packing cubes", 2290),
                ],
            },
            Category {
                name: "Camp Kitchen",
                products: [
                    ("Gas stove", 4490),
                    ("Gas cartridge 230 g", 790),
                    ("Camp pot set", 5490),
                    ("Thermos 1 l", 3290),
                    ("Spork, titanium", 1290),
                    ("Water filter", 4990),
                    ("Folding cup", 990),
                    ("Cool box", 8990),
                ],
            },
            Category {
                name: "Navigation",
                products: [
                    ("Compass", 3490),
                    ("Marine compass", 12900),
                    ("Sextant, brass", 29900),
                    ("Parallel rulers", 2490),
                    ("Dividers", 1990),
                    ("Head torch", 3990),
                    ("Whistle", 590),
                    ("Binoculars 8 × 42", 18900),
                ],
            },
        ],
    },
    Department {
        name: "Paper & Books",
        season: [120, 90, 90, 85, 85, 85, 80, 130, 140, 105, 115, 150],
        categories: [
            Category {
                name: "Notebooks",
                products: [
                    ("Notebook A5, dotted", 1490),
                    ("Notebook A6, plain", 990),
                    ("Logbook", 2490),
                    ("Sketchbook A4", 1990),
                    ("Leather journal", 4490),
                    ("School exercise book", 190),
                    ("Recipe book, blank", 1890),
                    ("Sticky notes", 390),
                ],
            },
            Category {
                name: "Pens & Ink",
                products: [
                    ("Fountain pen \"Amalfi\"", 5990),
                    ("Ink, midnight blue", 1290),
                    ("Gel pen", 290),
                    ("Pencils, 12", 890),
                    ("Calligraphy set 書道", 3990),
                    ("Brush pen", 690),
                    ("Eraser", 150),
                    ("Pen case", 1990),
                ],
            },
            Category {
                name: "Maps & Charts",
                products: [
                    ("Portolan chart, facsimile", 8990),
                    ("Wall map of the world", 4990),
                    ("Globe 30 cm", 7990),
                    ("Sea chart, Ægean", 2990),
                    ("Star chart", 1990),
                    ("City map", 890),
                    ("Atlas", 5990),
                    ("Map case", 3490),
                ],
            },
            Category {
                name: "Cards & Calendars",
                products: [
                    ("Greeting card", 350),
                    ("Postcards, 10", 690),
                    ("Wall calendar", 1990),
                    ("Diary", 1790),
                    ("Wrapping paper", 490),
                    ("Advent calendar", 2490),
                    ("Envelopes, 25", 590),
                    ("Letter set", 1490),
                ],
            },
        ],
    },
    Department {
        name: "Play",
        season: [75, 75, 85, 90, 85, 85, 80, 80, 90, 105, 180, 310],
        categories: [
            Category {
                name: "Board Games",
                products: [
                    ("Harbour Masters", 3990),
                    ("Trade Winds", 4990),
                    ("Backgammon", 3490),
                    ("Go set 囲碁", 5990),
                    ("Playing cards", 590),
                    ("Dominoes", 1690),
                    ("Nine Men's Morris", 1990),
                    ("Dice, set of 6", 450),
                ],
            },
            Category {
                name: "Puzzles",
                products: [
                    ("Puzzle \"Lisboa\", 1,000", 1790),
                    ("Puzzle \"København\", 500", 1490),
                    ("Wooden puzzle", 2290),
                    ("3-D lighthouse", 2490),
                    ("Puzzle mat", 1990),
                    ("Brain teaser", 1290),
                    ("Floor puzzle", 1690),
                    ("Puzzle \"Αθήνα\", 2,000", 2690),
                ],
            },
            Category {
                name: "Wooden Toys",
                products: [
                    ("Sailing boat", 2490),
                    ("Building blocks, 50", 3490),
                    ("Train set", 5990),
                    ("Stacking rings", 1690),
                    ("Pull-along duck", 1990),
                    ("Marble run", 4490),
                    ("Toy kitchen", 12900),
                    ("Spinning top", 490),
                ],
            },
            Category {
                name: "Crafts",
                products: [
                    ("Watercolours", 1990),
                    ("Modelling clay", 890),
                    ("Origami paper 折り紙", 590),
                    ("Knitting kit", 2990),
                    ("Bead box", 1290),
                    ("Ship in a bottle, kit", 3490),
                    ("Glue stick", 250),
                    ("Scissors, child's", 490),
                ],
            },
        ],
    },
];

/// Name and country.
pub(super) const SUPPLIERS: [(&str, &str); 14] = [
    ("Anker & Söhne GmbH", "DE"),
    ("Atelier Crépuscule", "FR"),
    ("Bottega del Porto S.r.l.", "IT"),
    ("Brødrene Holm A/S", "DK"),
    ("Casa Peñalver", "ES"),
    ("Cerâmica do Tejo, Lda.", "PT"),
    ("Fabryka Papieru Wisła", "PL"),
    ("Hartley & Daughters Ltd", "GB"),
    ("Καλαμάτα Ξυλεία", "GR"),
    ("Kırmızı Tekstil A.Ş.", "TR"),
    ("Manufaktur O'Neill", "IE"),
    ("Nordlys Lighting AB", "SE"),
    ("Plovdiv Glass", "BG"),
    ("山本文具店", "JP"),
];

/// A shop in a port: name, city, country, area, year of opening.
pub(super) const STORES: [(&str, &str, &str, i32, i32); 12] = [
    ("Speicherstadt", "Hamburg", "DE", 820, 2009),
    ("Nyhavn", "København", "DK", 410, 2011),
    ("Porto Antico", "Genova", "IT", 560, 2010),
    ("Barceloneta", "Barcelona", "ES", 640, 2012),
    ("Vieux-Port", "Marseille", "FR", 480, 2013),
    ("Cais do Sodré", "Lisboa", "PT", 390, 2014),
    ("Długie Pobrzeże", "Gdańsk", "PL", 430, 2015),
    ("Πειραιάς", "Πειραιάς", "GR", 350, 2016),
    ("Möhlenpoort", "Rostock", "DE", 300, 2017),
    ("Harbourside", "Bristol", "GB", 450, 2018),
    ("Grand Harbour", "Valletta", "MT", 260, 2019),
    ("Hafenstraße", "Bremen", "DE", 280, 2016),
];
