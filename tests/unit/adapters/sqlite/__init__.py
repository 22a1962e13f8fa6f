"""The SQLite adapter beyond the contract suites: crashes, full disks, locks, copies."""
