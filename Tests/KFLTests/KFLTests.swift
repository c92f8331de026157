// KFL
