from hashviewer.__main__ import main

main()
