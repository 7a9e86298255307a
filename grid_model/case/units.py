"""Units: people see MW, MWh, CNY and tCO2; inside the linear programme numbers are kept near one.

    power GW, energy GWh, money million CNY, carbon thousand tCO2

so a cost of 1 CNY/MWh is 0.001 million CNY/GWh, and an emission factor keeps its figure (t/MWh = kt/GWh).
"""

MW = 1e-3  # GW
MWH = 1e-3  # GWh
CNY = 1e-6  # million CNY
TONNE = 1e-3  # thousand tCO2
CNY_PER_MWH = CNY / MWH
