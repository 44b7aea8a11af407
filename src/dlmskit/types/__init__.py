"""Values shared by every room: OBIS codes, system titles, service access points, dates, units, enumerations."""
